"""Ingestion as a whole: incremental, atomic, honest about bad files; killed at any moment, the old index answers."""

from __future__ import annotations

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from casebook.errors import NoSnapshotError, SnapshotError, StaleSnapshotError
from casebook.library import Library
from casebook.settings import load
from casebook.verification import verify
from tests.pdfs import encrypt, typeset

ROOT = Path(__file__).resolve().parents[2]


def run(*arguments: str, data: Path, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "casebook", *arguments, "--data", str(data)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=240,
        **options,  # type: ignore[call-overload]
    )


@pytest.fixture
def copy(small: Library, tmp_path: Path) -> Library:
    """A library of one's own to damage or change."""
    shutil.copytree(small.settings.data, tmp_path / "data")
    return Library(load(data=tmp_path / "data"))


def test_a_second_ingest_embeds_nothing(copy: Library, reports: list[Path]) -> None:
    before = copy.snapshot.manifest
    outcome = copy.ingest(reports)
    assert (outcome.embedded, outcome.unchanged, outcome.added, outcome.updated) == (0, 2, [], [])
    assert copy.snapshot.manifest == before


def test_one_more_document_embeds_only_itself(copy: Library, tmp_path: Path) -> None:
    kept = {p.id: p for p in copy.snapshot.all_passages()}
    vectors = copy.snapshot.vectors.vectors(copy.snapshot.document_rows(["harbor"]))
    outcome = copy.ingest([typeset(tmp_path / "third.pdf", "= One\nA third report says little about ports and ferries.")])
    assert outcome.added == ["third"]
    assert outcome.embedded == copy.document("third").passage_count > 0
    assert {p.id: p for p in copy.snapshot.all_passages() if p.document != "third"} == kept
    again = copy.snapshot.vectors.vectors(copy.snapshot.document_rows(["harbor"]))
    assert (again == vectors).all()
    assert not verify(copy).problems


def test_a_changed_file_replaces_its_document(copy: Library, reports: list[Path], tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    path = typeset(folder / "harbor-2.pdf", "= One\nThe pier was painted green in spring.", title="Pier")
    copy.ingest([path])
    typeset(path, "= One\nThe pier was painted yellow in autumn.", title="Pier")
    outcome = copy.ingest([path])
    assert outcome.updated == ["harbor-2"]
    text = copy.page("harbor-2", 1).text
    assert "yellow" in text
    assert "green" not in text


def test_files_of_one_name_in_two_folders_do_not_collide(copy: Library, tmp_path: Path) -> None:
    for folder, color in (("a", "red"), ("b", "blue")):
        (tmp_path / folder).mkdir()
        typeset(
            tmp_path / folder / "report.pdf", f"= One\nThe {color} report names its own color here.", title=f"{color} paper"
        )
    copy.ingest([tmp_path / "a", tmp_path / "b"])
    texts = " ".join(copy.page(d.id, 1).text for d in copy.documents() if d.id.startswith("report"))
    assert "red report" in texts
    assert "blue report" in texts


def test_removing_takes_a_document_out_and_leaves_the_rest(copy: Library) -> None:
    copy.remove(["river"])
    assert [d.id for d in copy.documents()] == ["harbor"]
    assert all(hit.passage.document == "harbor" for hit in copy.search("turnaround office administrators"))
    assert not verify(copy).problems


def test_a_corrected_title_is_kept_and_found(copy: Library, reports: list[Path]) -> None:
    copy.edit("harbor", title="Harbor City: the academy", system="Harbor City")
    assert copy.document("harbor").title == "Harbor City: the academy"
    assert copy.scope(systems=["harbor city"]) == ["harbor"]
    copy.ingest(reports)
    assert copy.document("harbor").title == "Harbor City: the academy"
    assert not verify(copy).problems


def test_bad_files_are_set_aside_and_the_rest_is_ingested(tmp_path: Path) -> None:
    folder = tmp_path / "mixed"
    folder.mkdir()
    good = typeset(folder / "good.pdf", "= One\nThe good report says that attendance rose to 94 percent in 2012.")
    (folder / "empty.pdf").write_bytes(b"")
    (folder / "letter.pdf").write_bytes(b"Dear colleague, this is plain text.")
    (folder / "cut.pdf").write_bytes(good.read_bytes()[:900])
    encrypt(good, folder / "locked.pdf", "secret")
    done = run("ingest", str(folder), str(folder / "missing.pdf"), data=tmp_path / "data")
    assert done.returncode == 3
    errors = [line for line in done.stderr.splitlines() if line.startswith("Set aside: ")]
    assert len(errors) == 5
    for name in ("empty.pdf", "letter.pdf", "cut.pdf", "locked.pdf", "missing.pdf"):
        assert sum(name in line for line in errors) == 1
    assert "Traceback" not in done.stderr
    assert "pages/s" in done.stdout
    library = Library(load(data=tmp_path / "data"))
    assert [d.id for d in library.documents()] == ["good"]
    assert run("ingest", str(folder / "empty.pdf"), data=tmp_path / "data").returncode == 3
    assert [d.id for d in library.documents()] == ["good"]


def test_an_encrypted_file_is_ingested_with_its_password(tmp_path: Path) -> None:
    plain = typeset(tmp_path / "plain.pdf", "= One\nThe locked report says that 12 schools reopened.")
    locked = encrypt(plain, tmp_path / "locked.pdf", "secret")
    library = Library(load(data=tmp_path / "data"))
    assert library.ingest([locked], password="wrong").set_aside
    outcome = library.ingest([locked], password="secret")
    assert outcome.added == ["locked"]
    answer = library.ask("How many schools reopened?")
    citation = answer.statements[0].citations[0]
    assert library.highlight(citation.document, citation.page, citation.start, citation.end)
    assert library.page_image("locked", 1)[:2] == b"\xff\xd8"
    assert not verify(library).problems
    assert library.ingest([locked], password="secret").embedded == 0


def test_without_an_index_the_message_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(NoSnapshotError, match="python -m casebook ingest"):
        Library(load(data=tmp_path)).search("anything")
    done = run("ask", "anything", data=tmp_path)
    assert done.returncode == 1
    assert "python -m casebook ingest" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


@pytest.mark.parametrize("name", ["casebook.sqlite", "vectors.faiss", "sentences.npy", "expansions.npy", "manifest.json"])
@pytest.mark.parametrize("damage", ["cut", "flip", "remove"])
def test_a_damaged_index_says_so_and_how_to_repair(copy: Library, name: str, damage: str) -> None:
    file = copy.settings.data / "snapshots" / copy.snapshot.manifest.id / name
    content = bytearray(file.read_bytes())
    if damage == "remove":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(content[: len(content) // 2])
    else:
        content[len(content) // 2] ^= 0xFF
        file.write_bytes(bytes(content))
    fresh = Library(copy.settings)
    with pytest.raises((SnapshotError, StaleSnapshotError), match="ingest --rebuild"):
        fresh.search("administrators")


def test_an_index_of_another_format_is_made_anew_with_all_its_documents(copy: Library) -> None:
    copy.edit("river", title="A title of mine")
    manifest = copy.settings.data / "snapshots" / copy.snapshot.manifest.id / "manifest.json"
    values = json.loads(manifest.read_text())
    manifest.write_text(json.dumps(values | {"format": 1}))
    fresh = Library(copy.settings)
    with pytest.raises(StaleSnapshotError, match="format 1"):
        fresh.documents()
    fresh.ingest([copy.settings.data / "files" / f"{values['documents'][0]['sha256']}.pdf"])
    assert {d.id: d.title for d in fresh.documents()} == {"river": "A title of mine", "harbor": "Harbor City Schools"}
    assert not verify(fresh).problems


def test_a_damaged_index_is_repaired_by_the_command_it_names(copy: Library) -> None:
    file = copy.settings.data / "snapshots" / copy.snapshot.manifest.id / "casebook.sqlite"
    file.write_bytes(b"not a database")
    library = Library(copy.settings)
    library.ingest([copy.settings.data / "files" / f"{copy.document('river').sha256}.pdf"], rebuild=True)
    assert {d.id for d in library.documents()} == {"river", "harbor"}
    assert not verify(library).problems


def test_verify_finds_one_altered_digit(copy: Library) -> None:
    import json
    import sqlite3

    from index.files import file_sha256

    folder = copy.settings.data / "snapshots" / copy.snapshot.manifest.id
    connection = sqlite3.connect(folder / "casebook.sqlite")
    connection.execute("UPDATE pages SET text = replace(text, '57,050', '57,060') WHERE document = 'river'")
    connection.commit()
    connection.close()
    manifest = json.loads((folder / "manifest.json").read_text())
    size = (folder / "casebook.sqlite").stat().st_size
    manifest["files"]["casebook.sqlite"] = [size, file_sha256(folder / "casebook.sqlite")]
    (folder / "manifest.json").write_text(json.dumps(manifest))
    problems = verify(Library(copy.settings)).problems
    assert any("river, page 1" in problem for problem in problems)


def test_two_ingests_at_once_are_refused_in_a_sentence(copy: Library, reports: list[Path]) -> None:
    from filelock import FileLock

    with FileLock(copy.settings.data / "ingest.lock"):
        done = run("ingest", str(reports[0]), data=copy.settings.data)
    assert done.returncode == 1
    assert "Another ingest is running" in done.stderr


def kill_during_ingest(library: Library, extra: Path, moment: float) -> None:
    """Starts an ingest of one more document and kills it (workers too) `moment` seconds later."""
    process = subprocess.Popen(
        [sys.executable, "-m", "casebook", "ingest", "--rebuild", str(extra), "--data", str(library.settings.data)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    time.sleep(moment)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def check_after_kill(library: Library) -> None:
    fresh = Library(library.settings)
    assert not verify(fresh).problems
    answer = fresh.ask("How many principals did the academy train?")
    assert "48 principals" in answer.statements[0].text


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_killed_in_the_middle_the_old_index_answers(copy: Library, tmp_path: Path) -> None:
    extra = typeset(tmp_path / "extra.pdf", "= One\nAn extra report for the killing. #lorem(500)")
    for moment in (1.2, 2.6):
        kill_during_ingest(copy, extra, moment)
        check_after_kill(copy)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX")
def test_killed_at_twenty_random_moments_the_index_verifies_and_answers(copy: Library, tmp_path: Path) -> None:
    rng = random.Random(20)
    start = time.perf_counter()
    extra = typeset(tmp_path / "extra.pdf", "= One\nAn extra report for the killing. #lorem(500)")
    done = run("ingest", "--rebuild", str(extra), data=copy.settings.data)
    assert done.returncode == 0
    whole = time.perf_counter() - start
    for number in range(20):
        extra = typeset(tmp_path / f"extra-{number}.pdf", f"= One\nExtra report number {number}. #lorem(500)")
        kill_during_ingest(copy, extra, rng.uniform(0, whole))
        check_after_kill(copy)
