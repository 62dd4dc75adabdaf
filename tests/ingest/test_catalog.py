"""A collection of one's own: what a catalog may say, what is guessed without one, what is kept, what can be undone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from casebook.errors import SnapshotError, UsageError
from casebook.library import Library
from casebook.settings import ROOT, load
from casebook.verification import verify
from index.encoder import Encoder
from ingest import catalog
from ingest.extract import extract
from tests.pdfs import typeset

KNOWN = catalog.read_catalog(ROOT / "collection" / "catalog.toml")


def paper(path: Path, words: str = "The office kept 12 schools open.", title: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return typeset(path, f"= Overview\n{words}", title=title)


def write(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "catalog.toml").write_text(text, encoding="utf-8")
    return folder


# --- reading ---


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[document]]\nfile = "a.pdf"\nsytem = "Denver"', "'sytem' is no key"),
        ('[[document]]\nfile = "a.pdf"\ntitle = 3', "title is a text"),
        ('[[document]]\nfile = "a.pdf"\naliases = "DPS"', "aliases is a list of texts"),
        ('[[document]]\nfile = "a.pdf"\nid = "Denver 2"', "make it 'denver-2'"),
        ('[[document]]\nfile = "a.pdf"\nsource = "theirs"', "source is one of brief, original, yours"),
        ('[[document]]\ntitle = "No file"', "needs a file"),
        ('[[document]]\nfile = "a.pdf"\n[[document]]\nfile = "a.pdf"', "'a.pdf' stands there twice"),
        ('[[document]]\nfile = "a.pdf"\nid = "x"\n[[document]]\nfile = "b.pdf"\nid = "x"', "'x' stands there twice"),
        ('[[documents]]\nfile = "a.pdf"', "'documents' is not known"),
        ('document = "a.pdf"', "list of"),
        ('document = ["a.pdf"]', "needs a file"),
        ("[[document]", "cannot be read"),
        ('[[document]]\nfile = "elsewhere.pdf"', "elsewhere.pdf, which is not there"),
    ],
)
def test_a_wrong_catalog_is_refused_in_a_sentence(tmp_path: Path, text: str, says: str) -> None:
    paper(write(tmp_path, text) / "a.pdf")
    with pytest.raises(UsageError, match=r"catalog\.toml") as caught:
        catalog.gather([tmp_path])
    assert says in str(caught.value)
    assert str(caught.value).endswith(".")


def test_every_key_of_the_bundled_catalog_is_known() -> None:
    assert len(KNOWN) == 12
    assert all(entry.named and (ROOT / "collection" / entry.file).is_file() for entry in KNOWN)


def test_folders_are_searched_and_files_counted_once(tmp_path: Path) -> None:
    write(tmp_path, '[[document]]\nfile = "Denver/Plan.PDF"\nsystem = "Denver Schools"\n')
    for name in ("Denver/Plan.PDF", "Denver/deep/er.pdf", "top.pdf", ".hidden.pdf", "note.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"%PDF-")
    found = catalog.gather([tmp_path / "top.pdf", tmp_path, tmp_path / "top.pdf"])
    assert {(s.path.name, s.folder, s.entry.values["system"] if s.entry else None) for s in found} == {
        ("top.pdf", "", None),
        ("Plan.PDF", "Denver", "Denver Schools"),
        ("er.pdf", "Denver", None),
    }
    assert len(found) == 3


@pytest.mark.parametrize(
    ("metadata", "headings", "title"),
    [
        ("River Valley: a report", "= Harbor City", "River Valley: a report"),
        ("Microsoft Word - final_v3.docx", "= Harbor City", "Harbor City"),
        ("untitled", "= Harbor City\n== Ten years on", "Harbor City: Ten years on"),
        ("", "= Overview\n= Harbor City", "Harbor City"),
        ("", "= Overview", "school plan 2012"),
        ("", "", "school plan 2012"),
    ],
)
def test_titles_come_from_metadata_the_title_page_or_the_file_name(
    tmp_path: Path, metadata: str, headings: str, title: str
) -> None:
    path = typeset(tmp_path / "school_plan-2012.pdf", f"{headings}\nThe office kept 12 schools open.", title=metadata)
    assert catalog.guess_title(path, extract(path)) == title


@pytest.mark.parametrize(
    ("folder", "title", "system"),
    [
        ("BPS", "A plan", "Boston"),
        ("charlotte mecklenburg", "A plan", "Charlotte-Mecklenburg"),
        ("Harbor City", "What Denver did", "Harbor City"),
        ("", "What Denver did", "Denver"),
        ("2014", "What Denver did", "Denver"),
        ("Reports", "A plan", ""),
        ("", "Denver and Boston", ""),
        ("", "A plan", ""),
    ],
)
def test_systems_come_from_the_folder_or_the_title(folder: str, title: str, system: str) -> None:
    assert catalog.guess_system(folder, title, [e for e in KNOWN if e.values["kind"] != "overview"]) == system


# --- ingesting ---


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return Encoder()


@pytest.fixture
def library(tmp_path: Path, encoder: Encoder) -> Library:
    """A library whose bundled collection is one brief on Boston."""
    folder = write(
        tmp_path / "collection",
        '[[document]]\nid = "boston"\nfile = "boston.pdf"\ntitle = "Boston: a brief"\nsystem = "Boston"\n'
        'kind = "district"\nsource = "brief"\n',
    )
    paper(folder / "boston.pdf", "The brief says that Boston began with 12 schools.")
    opened = Library(load(data=tmp_path / "data", collection=folder))
    opened.__dict__["encoder"] = encoder  # loaded once for all tests
    opened.ingest()
    return opened


def texts(library: Library) -> dict[str, str]:
    return {d.id: library.page(d.id, 1).text.partition("\n\n")[2] for d in library.documents()}


def test_a_catalog_describes_its_files(library: Library, tmp_path: Path) -> None:
    folder = write(
        tmp_path / "mine",
        '[[document]]\nfile = "sub/a.pdf"\nid = "harbor"\ntitle = "Harbor City: 2014"\nsystem = "Harbor City"\n'
        'kind = "district"\nstate = "ME"\nyears = "2010-2014"\naliases = ["HCS"]\n',
    )
    paper(folder / "sub" / "a.pdf")
    paper(folder / "Denver" / "b.pdf", "Another 9 schools.", title="Annual plan")
    library.ingest([folder])
    harbor, other = library.document("harbor"), library.document("b")
    assert (harbor.title, harbor.system, harbor.state, harbor.years) == ("Harbor City: 2014", "Harbor City", "ME", "2010-2014")
    assert library.scope(systems=["hcs"]) == ["harbor"]
    assert (other.title, other.system, other.source) == ("Annual plan", "Denver", "yours")
    write(folder, '[[document]]\nfile = "sub/a.pdf"\nid = "harbor"\ntitle = "Harbor City, put right"\n')
    library.ingest([folder])
    assert library.document("harbor").title == "Harbor City, put right"
    assert not verify(library).problems


@pytest.mark.parametrize("with_catalog", [True, False])
def test_one_name_in_many_folders_neither_collides_nor_overwrites(library: Library, tmp_path: Path, with_catalog: bool) -> None:
    for color in ("red", "blue"):
        folder = tmp_path / color
        paper(folder / "boston.pdf", f"The {color} paper counts its own schools.")
        if with_catalog:
            write(folder, '[[document]]\nfile = "boston.pdf"\nstate = "MA"\n')
    paper(tmp_path / "both" / "a" / "boston.pdf", "The green paper counts its own schools.")
    paper(tmp_path / "both" / "b" / "boston.pdf", "The white paper counts its own schools.")
    folders = [tmp_path / "red", tmp_path / "blue", tmp_path / "both"]
    for _ in range(2):
        library.ingest(folders)
        found = texts(library)
        assert list(found) == ["boston", "boston-2", "boston-3", "boston-4", "boston-5"]
        for id, word in zip(found, ("brief", "red", "blue", "green", "white"), strict=True):
            assert word in found[id]
    assert library.document("boston").source == "brief"
    assert not verify(library).problems


def test_a_copy_is_not_ingested_twice(library: Library, tmp_path: Path) -> None:
    first = paper(tmp_path / "mine" / "a.pdf")
    shutil.copy(first, tmp_path / "mine" / "b.pdf")
    assert library.ingest([tmp_path / "mine"]).added == ["a"]
    shutil.copy(ROOT / "collection" / "boston.pdf", tmp_path / "boston.pdf")
    assert library.ingest([tmp_path / "mine" / "b.pdf"]).added == []
    assert [d.id for d in library.documents()] == ["boston", "a"]


def test_a_changed_file_replaces_its_document_and_keeps_what_was_corrected(library: Library, tmp_path: Path) -> None:
    path = paper(tmp_path / "mine" / "plan.pdf", "There were 12 schools.", title="Plan, first draft")
    library.ingest([path])
    library.edit("plan", system="Harbor City")
    paper(path, "There were 14 schools.", title="Plan, second draft")
    assert library.ingest([path]).updated == ["plan"]
    found = library.document("plan")
    assert (found.title, found.system) == ("Plan, second draft", "Harbor City")
    assert "14 schools" in texts(library)["plan"]
    assert not verify(library).problems


def test_corrections_outlive_a_new_ingest_and_a_rebuild(library: Library, tmp_path: Path) -> None:
    library.edit("boston", title="Boston, as we call it", years="2009-2016")
    for rebuild in (False, True):
        library.ingest(rebuild=rebuild)
        found = library.document("boston")
        assert (found.title, found.years, found.system) == ("Boston, as we call it", "2009-2016", "Boston")
    with pytest.raises(UsageError, match="title"):
        library.edit("boston", title=" ")
    with pytest.raises(UsageError, match="source"):
        library.edit("boston", source="theirs")


def test_a_rebuild_takes_the_new_version_of_a_file(library: Library, tmp_path: Path) -> None:
    path = paper(tmp_path / "plan.pdf", "There were 12 schools.")
    library.ingest([path])
    paper(path, "There were 14 schools.")
    library.ingest([path], rebuild=True)
    assert "14 schools" in texts(library)["plan"]
    assert not verify(library).problems


def test_what_was_taken_for_an_original_can_be_put_right(library: Library, tmp_path: Path) -> None:
    path = paper(tmp_path / "a.pdf")
    library.ingest([path])
    library.edit("a", source="original", system="Boston")
    library.ingest([path])
    assert library.document("a").source == "original"


def test_the_last_change_can_be_undone_and_done_again(library: Library, tmp_path: Path) -> None:
    library.ingest([paper(tmp_path / "plan.pdf")])
    library.remove(["boston"])
    before, now = library.undo()
    assert ([d.id for d in before], [d.id for d in now]) == (["plan"], ["boston", "plan"])
    assert "12 schools" in texts(library)["boston"]
    assert not verify(library).problems
    library.undo()
    assert [d.id for d in library.documents()] == ["plan"]
    library.undo()
    library.edit("plan", title="Another")
    library.undo()
    assert library.document("plan").title != "Another"


def test_without_an_earlier_index_undo_says_so(library: Library) -> None:
    with pytest.raises(SnapshotError, match="no earlier index"):
        library.undo()


def test_undo_does_not_go_back_to_a_damaged_index(library: Library, tmp_path: Path) -> None:
    first = library.snapshot.manifest.id
    library.ingest([paper(tmp_path / "plan.pdf")])
    with (library.settings.data / "snapshots" / first / "casebook.sqlite").open("r+b") as file:
        file.seek(4000)
        file.write(b"damaged")
    with pytest.raises(SnapshotError, match="stays"):
        library.undo()
    assert [d.id for d in library.documents()] == ["boston", "plan"]


def test_every_key_of_a_catalog_is_documented() -> None:
    told = (ROOT / "docs" / "your-own-documents.md").read_text(encoding="utf-8")
    for key in catalog.KEYS:
        assert f"`{key}`" in told
