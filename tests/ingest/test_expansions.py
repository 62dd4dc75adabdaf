"""The collection's written questions: read, placed, and the bundled ones held to their pages."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from casebook.errors import UsageError
from casebook.library import Library
from casebook.records import WHOLE, Expansion, Passage
from evals import gold
from ingest import expansions

TEXT = "Nine schools closed in 2010[3]. Six of them\nreopened later."
PASSAGE = Passage("d:0", "d", 2, 100, 100 + len(TEXT), "", TEXT, ((100, 131), (132, 100 + len(TEXT))))


def line(**changes: object) -> str:
    return json.dumps(
        {"document": "d", "page": 2, "quote": "Nine schools closed in 2010.", "questions": ["How many?"]} | changes
    )


def test_questions_find_their_sentence_whatever_its_notes_and_line_breaks(tmp_path: Path) -> None:
    rows = [line(), line(quote="Six of them reopened later.", questions=["a", "b"]), line(whole=True, questions=["c"])]
    (tmp_path / expansions.FILE).write_text("\n".join(rows), encoding="utf-8")
    placed = expansions.place("d", [PASSAGE], expansions.read(tmp_path))
    assert placed == [
        Expansion(0, 0, "How many?"),
        Expansion(0, 1, "a"),
        Expansion(0, 1, "b"),
        Expansion(0, WHOLE, "c"),
    ]


def test_what_is_no_longer_on_its_page_has_no_questions(tmp_path: Path) -> None:
    (tmp_path / expansions.FILE).write_text("\n".join([line(page=1), line(quote="Ten schools closed."), line(document="e")]))
    assert expansions.place("d", [PASSAGE], expansions.read(tmp_path)) == []
    assert expansions.read(tmp_path / "nowhere") == []
    assert expansions.version(tmp_path / "nowhere") == 0
    assert expansions.version(tmp_path) > 0


@pytest.mark.parametrize("wrong", ["{", '{"document": "d"}', line(page="two"), "[]"])
def test_a_line_that_is_wrong_is_named(tmp_path: Path, wrong: str) -> None:
    (tmp_path / expansions.FILE).write_text(f"{line()}\n{wrong}\n")
    with pytest.raises(UsageError, match=r"questions\.jsonl, line 2: .*Mend the line"):
        expansions.read(tmp_path)


def test_every_bundled_question_has_its_place(library: Library) -> None:
    written = expansions.read(library.settings.collection)
    asked = sum(len(row.questions) for row in written)
    assert len(library.snapshot.expansions.rows) == asked > 4000
    for row in written:
        assert len(set(row.questions)) == len(row.questions)
        assert all(2 <= len(question.split()) <= 60 and question == question.strip() for question in row.questions)


def test_most_passages_have_questions_and_lists_of_sources_none(library: Library) -> None:
    from index.ordering import is_reference

    having = set(library.snapshot.expansions.rows.tolist())
    bodies = {i for i, p in enumerate(library.snapshot.all_passages()) if not is_reference(p.heading)}
    assert having <= bodies
    assert len(having) / len(bodies) > 0.95


def test_no_written_question_is_one_of_the_gold(library: Library) -> None:
    """Their writers did not see the gold; one that is the same letter for letter would make the bench a lookup."""
    written = {q.casefold().strip(" ?") for row in expansions.read(library.settings.collection) for q in row.questions}
    same = [g.id for split in ("dev", "test") for g in gold.read(split) if g.question.casefold().strip(" ?") in written]
    assert not same
