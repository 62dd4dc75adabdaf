"""Originals: found on their landing page, fetched when a person says yes, recognized, set beside their briefs."""

from __future__ import annotations

import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from casebook.library import Library
from casebook.settings import ROOT, load
from ingest import catalog, originals
from ingest.catalog import Entry
from ingest.download import FetchLimits, session
from ingest.extract import extract
from tests.ingest.server import BadServer, Request
from tests.pdfs import typeset

KNOWN = catalog.read_catalog(ROOT / "collection" / "catalog.toml")
ELEVEN = originals.wanted(KNOWN)
LIMITS = FetchLimits(connect=2, read=0.5, whole=5, attempts=1)


def synthetic(path: Path, title: str, ers: bool, about: str = "The city") -> Path:
    """A case study in our own words, laid out as such documents are: a title page, then text."""
    named = "Education Resource Strategies" if ers else ""
    body = f"""
#set page(header: none, footer: none)
#v(8em)
#text(size: 26pt)[{title}]

#text(size: 12pt)[{named}]
#pagebreak()
= Background
{about} began its turnaround work when a dozen schools had missed their goals for years. Leaders were chosen first.
#lorem(200)
"""
    return typeset(path, body, title="")


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, bool], Path]:
    """An original of each of the eleven, with and without ERS on its title page, under a name that says nothing."""
    folder = tmp_path_factory.mktemp("shelf")
    return {
        (entry.id, ers): synthetic(folder / f"download-{number}-{int(ers)}.pdf", entry.values["original_title"], ers)
        for number, entry in enumerate(ELEVEN)
        for ers in (True, False)
    }


def test_there_are_eleven() -> None:
    assert len(ELEVEN) == 11
    assert all(entry.values["original_url"].startswith("https://") for entry in ELEVEN)


@pytest.mark.parametrize("ers", [True, False], ids=["ERS named", "ERS not named"])
@pytest.mark.parametrize("entry", ELEVEN, ids=[entry.id for entry in ELEVEN])
def test_each_original_is_recognized_by_its_title_page(entry: Entry, ers: bool, shelf: dict[tuple[str, bool], Path]) -> None:
    path = shelf[entry.id, ers]
    found = catalog.describe(catalog.Source(path), "0" * 64, extract(path), KNOWN)
    assert (found.id, found.source, found.system) == (f"{entry.id}-original", "original", entry.values["system"])
    assert found.title == entry.values["original_title"]
    assert found.kind == entry.values["kind"]


@pytest.mark.parametrize(
    ("name", "title", "ers", "id"),
    [
        ("a.pdf", "Turnaround Case Study: Academy for Urban School Leadership, Chicago", True, "ausl"),
        ("a.pdf", "Charlotte Mecklenburg Schools: a turnaround profile", True, "charlotte-mecklenburg"),
        ("a.pdf", "M-DCPS Case Study", True, "miami-dade"),
        ("ERS-denver-turnaround-case-study.pdf", "Sustaining change", False, "denver"),
        ("rocketship-original.pdf", "A scanned cover", False, "rocketship"),
        ("a.pdf", "Boston and Chicago: two turnaround case studies", True, None),
        ("a.pdf", "CPS Case Study", True, None),  # two districts go by these letters
        ("a.pdf", "Harbor City Case Study", True, None),
        ("a.pdf", "Boston Annual Budget", True, None),
        ("a.pdf", "Turnaround in Denver: what we saw", False, None),
    ],
)
def test_other_titles_and_names(tmp_path: Path, name: str, title: str, ers: bool, id: str | None) -> None:
    path = synthetic(tmp_path / name, title, ers)
    found = catalog.describe(catalog.Source(path), "0" * 64, extract(path), KNOWN)
    assert (found.source, found.id) == (("original", f"{id}-original") if id else ("yours", catalog.slug(path.stem)))


def test_an_original_is_recognized_by_its_hash(tmp_path: Path) -> None:
    path = synthetic(tmp_path / "scan.pdf", "Untold", ers=False)
    boston = next(entry for entry in KNOWN if entry.id == "boston")
    known = [Entry(boston.file, boston.values, hashes=("ab" * 32,))]
    assert catalog.describe(catalog.Source(path), "ab" * 32, extract(path), known).id == "boston-original"
    assert catalog.describe(catalog.Source(path), "cd" * 32, extract(path), known).source == "yours"


@pytest.mark.parametrize("entry", KNOWN, ids=[entry.id for entry in KNOWN])
def test_a_brief_of_ours_is_no_original_whatever_it_is_called(entry: Entry, tmp_path: Path) -> None:
    path = Path(shutil.copy(ROOT / "collection" / entry.file, tmp_path / f"{entry.id}-original.pdf"))
    assert catalog.describe(catalog.Source(path), "0" * 64, extract(path), KNOWN).source == "yours"


# --- fetching ---


@pytest.fixture
def server() -> Iterator[BadServer]:
    running = BadServer()
    yield running
    running.stop()


@pytest.fixture
def page(server: BadServer, shelf: dict[tuple[str, bool], Path]) -> BadServer:
    """A landing page with all eleven and links that lead elsewhere; every PDF is served."""
    lines = ['<a href="/about">About ERS</a>', '<a href="mailto:x@example.org">Mail</a>', '<a href="//[bad/x.pdf">Bad</a>']
    for entry in ELEVEN:
        address = f"/cms/files/{entry.id}%20x.pdf?v=2"
        body = shelf[entry.id, True].read_bytes()
        server.routes[address.partition("?")[0]] = lambda request, body=body: request.serve(body)
        lines.append(f'<li><a href="{address}"><b>{entry.values["original_title"]}</b> (PDF)</a>')
    lines.append('<a href="/cms/files/budget.pdf">The district budget</a>')
    html = "<html><body><ul>" + "\n".join(lines) + "</ul></body></html>"
    server.routes["/tap"] = lambda request: request.reply(200, html.encode(), {"Content-Type": "text/html"})
    return server


def pointing_at(address: str) -> list[Entry]:
    return [Entry(e.file, {**e.values, "original_url": address}) for e in ELEVEN]


def test_the_landing_page_is_read_and_all_eleven_fetched(
    page: BadServer, tmp_path: Path, shelf: dict[tuple[str, bool], Path]
) -> None:
    with session(LIMITS) as client:
        found = list(originals.fetch(client, pointing_at(page.url("/tap")), tmp_path, LIMITS))
        assert [f.problem for f in found] == [""] * 11
        for entry in ELEVEN:
            assert (tmp_path / f"{entry.id}-original.pdf").read_bytes() == shelf[entry.id, True].read_bytes()
        assert sum(path == "/tap" for path, _, _ in page.seen) == 1
        assert not any("budget" in path for path, _, _ in page.seen)
        asked = len(page.seen)
        again = list(originals.fetch(client, pointing_at(page.url("/tap")), tmp_path, LIMITS))
    assert all(f.before for f in again)
    assert len(page.seen) == asked


def test_what_fails_is_named_and_the_rest_is_fetched(page: BadServer, tmp_path: Path) -> None:
    page.routes["/cms/files/boston%20x.pdf"] = lambda request: request.reply(404, b"")
    html = {"Content-Type": "text/html"}
    page.routes["/cms/files/renew%20x.pdf"] = lambda request: request.reply(200, b"<html>Log in</html>", html)
    with session(LIMITS) as client:
        found = {f.entry.id: f for f in originals.fetch(client, pointing_at(page.url("/tap")), tmp_path, LIMITS)}
    assert "no longer there" in found["boston"].problem
    assert "web page, not a PDF" in found["renew"].problem
    assert sum(f.path is not None for f in found.values()) == 9


def test_a_page_without_the_documents_is_told(server: BadServer, tmp_path: Path) -> None:
    server.routes["/tap"] = lambda request: request.reply(200, b'<a href="x.pdf">Annual report</a>')
    with session(LIMITS) as client:
        found = list(originals.fetch(client, pointing_at(server.url("/tap")), tmp_path, LIMITS))
    assert all("is named like it" in f.problem for f in found)
    assert not list(tmp_path.iterdir())


def test_links_follow_the_base_and_carry_their_words() -> None:
    html = '<base href="/files/"><a href="a.pdf" title="T"><img alt="Cover"> One<br>two</a>'
    html += '<a href="file:///x.pdf">no</a><A HREF=b.PDF>B'
    found = originals.pdf_links(html, "https://ers.example/tap/page")
    assert [(link.url, link.words) for link in found] == [
        ("https://ers.example/files/a.pdf", "T Cover One two"),
        ("https://ers.example/files/b.PDF", "B"),
    ]


# --- the command ---


def casebook(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "casebook", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=240,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
    )


@pytest.fixture
def collection(server: BadServer, tmp_path: Path) -> Path:
    """A copy of the collection whose landing page is the local server's."""
    folder = tmp_path / "collection"
    folder.mkdir()
    text = (ROOT / "collection" / "catalog.toml").read_text(encoding="utf-8")
    official = ELEVEN[0].values["original_url"]
    (folder / "catalog.toml").write_text(text.replace(official, server.url("/tap")), encoding="utf-8")
    return folder


def test_without_fetch_it_explains_and_asks_nobody(server: BadServer, collection: Path, tmp_path: Path) -> None:
    done = casebook("originals", "--data", str(tmp_path / "data"), CASEBOOK_COLLECTION=str(collection))
    assert done.returncode == 0
    for entry in ELEVEN:
        assert entry.values["original_title"] in done.stdout
    assert server.url("/tap") in done.stdout
    assert server.seen == []
    assert not (tmp_path / "data").exists()


def test_nothing_is_fetched_without_a_yes(page: BadServer, collection: Path, tmp_path: Path) -> None:
    done = casebook("originals", "--fetch", "--to", str(tmp_path / "o"), CASEBOOK_COLLECTION=str(collection))
    assert done.returncode == 2
    assert "--yes" in done.stderr
    assert answered("n", page, collection, tmp_path / "o") == 0
    assert page.seen == []
    assert not (tmp_path / "o").exists()


def answered(word: str, page: BadServer, collection: Path, folder: Path) -> int:
    """Runs the command on a terminal and types an answer; returns its exit code."""
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "casebook", "originals", "--fetch", "--to", str(folder)],
        cwd=ROOT,
        stdin=end,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "CASEBOOK_COLLECTION": str(collection)},
    )
    os.write(terminal, f"{word}\n".encode())
    code = process.wait(timeout=120)
    os.close(terminal)
    os.close(end)
    return code


def test_a_yes_fetches_and_failures_leave_with_three(page: BadServer, collection: Path, tmp_path: Path) -> None:
    assert answered("yes", page, collection, tmp_path / "o") == 0
    assert len(list((tmp_path / "o").glob("*-original.pdf"))) == 11

    def gone(request: Request) -> None:
        request.reply(404, b"")

    page.routes["/cms/files/denver%20x.pdf"] = gone
    done = casebook("originals", "--fetch", "--yes", "--to", str(tmp_path / "p"), CASEBOOK_COLLECTION=str(collection))
    assert done.returncode == 3
    assert "Denver Case Study" in done.stderr
    assert "1 of 11 could not be fetched" in done.stderr
    assert f"ingest {tmp_path / 'p'}" in done.stdout
    assert "Traceback" not in done.stderr


def test_without_a_network_a_sentence_comes_out(server: BadServer, collection: Path, tmp_path: Path) -> None:
    server.stop()
    done = casebook("originals", "--fetch", "--yes", "--to", str(tmp_path / "p"), CASEBOOK_COLLECTION=str(collection))
    assert done.returncode == 3
    assert "cannot be reached" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 12
    assert done.stderr.count("for the same reason") == 10


# --- beside the briefs ---


def test_brief_and_original_stand_side_by_side(tmp_path: Path, shelf: dict[tuple[str, bool], Path]) -> None:
    collection = tmp_path / "collection"
    collection.mkdir()
    entry = next(entry for entry in KNOWN if entry.id == "boston")
    (collection / "catalog.toml").write_text(
        '[[document]]\nid = "boston"\nfile = "boston.pdf"\ntitle = "Boston"\nsystem = "Boston"\n'
        'kind = "district"\nsource = "brief"\n'
        f'aliases = ["Boston Public Schools"]\noriginal_title = "{entry.values["original_title"]}"\n',
        encoding="utf-8",
    )
    typeset(collection / "boston.pdf", "Written for the Turnaround Casebook from public sources.\n= Overview\nBoston's brief.")
    mine = tmp_path / "mine"
    mine.mkdir()
    shutil.copy(shelf["boston", False], mine / "saved from the web (1).pdf")
    library = Library(load(data=tmp_path / "data", collection=collection))
    library.ingest()
    library.ingest([mine])
    assert {d.id: (d.source, d.system) for d in library.documents()} == {
        "boston": ("brief", "Boston"),
        "boston-original": ("original", "Boston"),
    }
    assert library.scope(systems=["Boston Public Schools"]) == ["boston", "boston-original"]
    listed = casebook("documents", "--data", str(tmp_path / "data")).stdout.splitlines()
    assert [line.split()[:2] for line in listed] == [["boston", "brief"], ["boston-original", "ERS"]]
    library.ingest()
    library.ingest([mine])
    assert [d.id for d in library.documents()] == ["boston", "boston-original"]
