"""Systems by themes and questions: evidence of each system alone, no cell blank, kept rows held to their pages."""

from __future__ import annotations

import io
import json
import time
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path

import pytest
from pypdf import PdfWriter

from answer import compare, themes
from casebook.__main__ import main
from casebook.errors import NotFoundError, UsageError
from casebook.library import Library
from casebook.records import Comparison
from casebook.settings import load


def run(*words: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(words)
    return code, out.getvalue(), err.getvalue()


def check(library: Library, found: Comparison) -> None:
    """What holds of every comparison: each pair once, states with what they promise, quotations of that system's documents."""
    assert [(c.row, c.system) for c in found.cells] == [(row, system) for row in found.rows for system in found.systems]
    for cell in found.cells:
        quoted = [cell.statement, *cell.others] if cell.statement else []
        assert (cell.state == "quoted") == bool(quoted)
        assert cell.more == len(cell.others)
        assert quoted or cell.note.endswith(".")
        for statement in quoted:
            for citation in statement.citations:
                assert library.document(citation.document).system == cell.system
                assert library.verify_citation(citation)
        if cell.rejected:
            assert library.verify_citation(cell.rejected)


def test_each_cell_quotes_its_own_system(pair: Library) -> None:
    found = pair.compare(themes=["time"])
    check(pair, found)
    texts = {cell.system: cell.statement.text for cell in found.cells if cell.statement}
    assert "45 minutes" in texts["River Valley"]
    assert "90 minutes" in texts["Harbor City"]
    assert found.labels == ("Time",)
    assert found.snapshot == pair.snapshot.manifest.id


def test_a_theme_nobody_writes_about_is_no_evidence_with_the_nearest_passage(pair: Library) -> None:
    found = pair.compare(themes=["marine"])
    check(pair, found)
    for cell in found.cells:
        assert cell.state == "no_evidence"
        assert cell.rejected
        assert cell.statement is None


def test_questions_of_ones_own_say_what_ask_says(pair: Library) -> None:
    question = "How much was each principal paid?"
    found = pair.compare(questions=[question])
    check(pair, found)
    cell = found.cell("Harbor City", question)
    assert cell.statement
    assert "$30,000" in cell.statement.text
    assert cell.statement == pair.ask(question, systems=["Harbor City"]).statements[0]


def test_cells_stream_row_by_row_and_progress_counts_them(pair: Library) -> None:
    stream = pair.compare_cells(themes=["time", "marine"])
    assert (next(stream).row, next(stream).row, next(stream).row) == ("time", "time", "marine")
    told: list[tuple[int, int]] = []
    pair.compare(themes=["time", "principals"], progress=lambda done, total: told.append((done, total)))
    assert told == [(n, 4) for n in range(1, 5)]


def test_the_catalog_and_unread_pages_name_the_other_states(pair: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    documents = pair.snapshot.documents
    by_system = {d.system: id for id, d in documents.items()}
    treated = replace(documents[by_system["River Valley"]], themes=("time",))
    silent = replace(documents[by_system["Harbor City"]], flags=("no text on page 2",))
    monkeypatch.setattr(pair.snapshot, "documents", {**documents, treated.id: treated, silent.id: silent})
    (theme,) = themes.choose(pair.themes(), ["Marine biology"])
    states = {cell.system: cell for cell in pair.compare(themes=[theme.id, "time"]).cells[:2]}
    assert pair.compare(themes=["time"]).cell("River Valley", "time").state == "quoted"
    # rows kept from before name the same snapshot, so ask the maker itself
    from casebook import comparing
    from casebook.asking import Asking
    from index.search import SearchSettings

    with_what = Asking(pair.snapshot, pair.encoder, SearchSettings(), pair.answer_settings(), pair.relevance)
    columns = {system: [pair.snapshot.documents[id]] for system, id in by_system.items()}
    made = {c.system: c for c in compare.theme_cells(comparing._source(with_what, columns), columns, [theme])}
    assert made["River Valley"].state == "not_covered"
    assert "marine biology" in made["River Valley"].note
    assert made["Harbor City"].state == "extraction_failed"
    assert "no text on page 2" in made["Harbor City"].note
    assert states["River Valley"].statement is None


def test_a_scanned_document_is_extraction_failed(tmp_path: Path) -> None:
    folder = tmp_path / "files" / "Silent"
    folder.mkdir(parents=True)
    blank = PdfWriter()
    blank.add_blank_page(300, 300)
    blank.write(folder / "silent.pdf")
    opened = Library(load(data=tmp_path / "data"))
    opened.ingest([tmp_path / "files"])
    assert opened.document("silent").flags
    found = opened.compare(themes=["time"], questions=["How long was the day?"])
    assert {cell.state for cell in found.cells} == {"extraction_failed"}


def test_rows_are_kept_and_a_changed_quotation_is_made_anew(pair: Library) -> None:
    first = pair.compare(themes=["time"])
    kept = sorted((pair.settings.data / "cache" / "compare" / first.snapshot).glob("*.json"))
    assert kept
    begun = time.perf_counter()
    assert pair.compare(themes=["time"]) == first
    assert time.perf_counter() - begun < 0.5
    for path in kept:
        path.write_text(path.read_text(encoding="utf-8").replace("45 minutes", "54 minutes"), encoding="utf-8")
    assert pair.compare(themes=["time"]) == first
    for path in kept:
        path.write_text("[{]", encoding="utf-8")
    assert pair.compare(themes=["time"]) == first


def test_the_order_and_choice_of_themes_changes_no_cell(pair: Library) -> None:
    one = {(c.system, c.row): c for c in pair.compare(themes=["time", "principals"]).cells}
    two = {(c.system, c.row): c for c in pair.compare(["Harbor City"], ["principals"]).cells}
    assert all(one[key] == cell for key, cell in two.items())


def test_unknown_names_are_told_what_there_is(pair: Library) -> None:
    with pytest.raises(NotFoundError, match=r"Systems are: .*River Valley"):
        pair.compare(systems=["Atlantis"])
    with pytest.raises(UsageError, match="Themes are: time, principals, marine"):
        pair.compare(themes=["weather"])


def test_a_sentence_about_another_system_is_told_apart() -> None:
    names = {"Chicago": ("Chicago", "CPS"), "AUSL": ("AUSL",), "Mastery": ("Mastery",)}
    assert compare.strays("AUSL got $300,000 a school.", "Mastery", names)
    assert not compare.strays("Mastery, like AUSL, got less.", "Mastery", names)
    assert not compare.strays("The network got less.", "Mastery", names)
    assert not compare.strays("The CPSX index fell.", "Mastery", names)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[theme]]\nid = 3\nlabel = 'x'", "needs an id"),
        ("[[theme]]\nid = 'a'", "needs a label"),
        ("[[theme]]\nid='a'\nlabel='x'\n[[theme]]\nid='a'\nlabel='y'", "more than one theme with the id 'a'"),
        ("theme = []", "1 to 200"),
        ("[[theme]", "cannot be read"),
        ("[[theme]]\nid='a'\nlabel='x'\nterms='y'", "must be a list"),
    ],
)
def test_a_bad_themes_file_says_what_is_wrong(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "themes.toml").write_text(text, encoding="utf-8")
    with pytest.raises(UsageError, match=words):
        themes.read(tmp_path / "themes.toml")


def test_the_bundled_themes_are_fourteen_and_a_missing_file_gives_none(tmp_path: Path) -> None:
    found = themes.read(tmp_path / "none.toml", Path("collection/themes.toml"))
    assert len(found) == 14
    assert all("{system}" in theme.question and theme.terms for theme in found)
    assert themes.read(tmp_path / "none.toml") == []


def test_the_command_line_prints_text_json_csv_and_markdown(pair: Library) -> None:
    data = ["--data", str(pair.settings.data)]
    code, text, _ = run("compare", "--themes", "time", *data)
    assert code == 0
    assert "TIME" in text
    assert "River Valley" in text
    assert "45 minutes" in text
    code, text, _ = run(
        "compare", "--systems", "Harbor City", "--question", "How much was each principal paid?", "--json", *data
    )
    value = json.loads(text)
    assert value["systems"] == ["Harbor City"]
    assert "$30,000" in value["cells"][0]["statement"]["text"]
    assert {"document", "page", "label", "start", "end", "quote"} <= set(value["cells"][0]["statement"]["citations"][0])
    code, text, _ = run("compare", "--themes", "time", "marine", "--csv", *data)
    assert code == 0
    assert text.startswith("row,system,state,quotation")
    assert "no_evidence" in text
    code, text, _ = run("compare", "--themes", "time", "--markdown", *data)
    assert code == 0
    assert "## Time" in text
    assert "> " in text
    assert run("themes", *data)[1].splitlines()[0].split() == ["time", "Time"]
    code, _, err = run("compare", "--themes", "nothing", *data)
    assert code == 2
    assert err.count("\n") == 1


@pytest.mark.slow
def test_ten_systems_by_fourteen_themes_in_ten_seconds(collection: Library) -> None:
    """In seconds of processor time, which neighbors on the machine do not lengthen."""
    collection.encoder.encode(["warm"])
    begun = time.process_time()
    found = collection.compare()
    took = time.process_time() - begun
    check(collection, found)
    assert len(found.cells) == 140
    assert all(cell.state == "quoted" for cell in found.cells), "the briefs treat every theme"
    assert took < 10, f"{took:.1f} s of processor time"
