"""What the encoder is not to learn from, and the folders made of it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import pytest

pytest.importorskip("scipy")

from evals.beir import read
from training import sets
from training.data import Document, Question


def some(count: int) -> tuple[dict[str, Document], list[Question]]:
    documents = {f"qamr:{n}": Document(f"qamr:{n}", "qamr", f"Title {n}", [[f"Fact {n} is here."]]) for n in range(count)}
    asked = [Question(f"qamr:q{n}", "qamr", f"What is fact {n}?", [(f"qamr:{n}", 0, 0)]) for n in range(count)]
    return documents, asked


def test_about_a_fifth_is_left_out_and_a_whole_set() -> None:
    share = sum(sets.is_left_out(f"qamr:{n}") for n in range(2000)) / 2000
    assert 0.16 < share < 0.22
    assert all(sets.is_left_out(f"covidqa:{n}") for n in range(20))


def test_what_is_asked_is_what_is_left_out(tmp_path: Path) -> None:
    documents, questions = some(200)
    units = tmp_path / "units"
    units.mkdir()
    (units / "documents.jsonl").write_text("".join(json.dumps(asdict(d)) + "\n" for d in documents.values()))
    (units / "questions.jsonl").write_text("".join(json.dumps(asdict(q)) + "\n" for q in questions))
    left = sets.left_out(units)
    count = sets.open_set("qamr", documents, questions, tmp_path / "qamr")
    folder = read(tmp_path / "qamr")
    assert count == len(folder.queries) > 10
    assert {text for _, text in folder.queries} <= left
    assert {q.text for q in questions if q.text in left} == {text for _, text in folder.queries}
    texts = {id: text for id, _, text in folder.rows}
    for id, text in folder.queries:
        number = text.removeprefix("What is fact ").rstrip("?")
        assert [texts[row] for row in folder.qrels[id]] == [f"Fact {number} is here."]
