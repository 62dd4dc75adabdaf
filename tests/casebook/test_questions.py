"""Questions of every odd kind get an answer or an abstention; results are ordered, cited and repeatable."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from casebook.errors import NotFoundError
from casebook.library import Library

ROOT = Path(__file__).resolve().parents[2]

ODD = [
    "?!… — ()",
    "",
    "   ",
    "x" * 100_000,
    "word " * 20_000,
    '"',
    "*",
    "NEAR(",
    "NEAR(a b, 3)",
    "-administrators",
    "a AND OR NOT",
    "text:administrators",
    "administrators\0principals",
    "¿Cuántos directores formó la academia?",
    "学校の改善はどうですか",
    "مدرسة",
    "{{question}} ${1+1} <script>alert(1)</script>",
    "'; DROP TABLE passages; --",
    "\ud800",
    "🏫🏫🏫",
]


@pytest.mark.parametrize("question", ODD, ids=range(len(ODD)))
def test_odd_questions_never_break(small: Library, question: str) -> None:
    answer = small.ask(question)
    assert answer.abstained == (not answer.statements)
    assert answer.abstained or all(small.verify_citation(c) for s in answer.statements for c in s.citations)
    assert isinstance(small.search(question), list)


def test_every_statement_verifies_and_is_highlighted(small: Library) -> None:
    for question in (
        "How many principals did the academy train?",
        "What did the first round cost?",
        "How long was the school day?",
    ):
        for statement in small.ask(question).statements:
            for citation in statement.citations:
                page = small.page(citation.document, citation.page)
                assert page.text[citation.start : citation.end] == citation.quote
                assert small.highlight(citation.document, citation.page, citation.start, citation.end)


def test_dense_scores_are_the_cosines_of_a_plain_numpy_reference(small: Library) -> None:
    question = "How much were principals paid?"
    query = small.encoder.encode([question])[0]
    passages = list(small.snapshot.all_passages())
    matrix = small.snapshot.vectors.vectors(list(range(len(passages))))
    cosine = {
        p.id: float(np.dot(v, query) / (np.linalg.norm(v) * np.linalg.norm(query)))
        for p, v in zip(passages, matrix, strict=True)
    }
    hits = small.search(question, k=len(passages))
    assert len({hit.passage.text for hit in hits}) == len(hits) >= 10  # repeated text is shown once
    for hit in hits:
        assert hit.dense_score == pytest.approx(cosine[hit.passage.id], abs=1e-4)
    assert [h.score for h in hits] == sorted((h.score for h in hits), reverse=True)


def test_filters_hold(small: Library) -> None:
    assert {h.passage.document for h in small.search("principals", documents=["harbor"])} == {"harbor"}
    with pytest.raises(NotFoundError, match="harbor"):
        small.search("principals", documents=["nowhere"])


def test_the_question_decides_the_document(small: Library) -> None:
    assert small.search("leadership academy for principals")[0].passage.document == "harbor"
    assert small.search("full-time administrators of the turnaround office")[0].passage.document == "river"


def casebook(*arguments: str, library: Library, text: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "casebook", *arguments, "--data", str(library.settings.data)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        input=text,
        timeout=120,
    )


def test_the_json_contract(small: Library) -> None:
    found = json.loads(casebook("search", "leadership academy", "--json", "-k", "3", library=small).stdout)
    assert found["question"] == "leadership academy"
    assert {"document", "title", "system", "page", "label", "start", "end", "heading", "text", "score"} <= set(found["hits"][0])
    hit = found["hits"][0]
    page = casebook("page", hit["document"], str(hit["page"]), library=small).stdout
    assert page[hit["start"] : hit["end"]] == hit["text"]
    answer = json.loads(casebook("ask", "How many principals did the academy train?", "--json", library=small).stdout)
    assert {"question", "abstained", "confidence", "confidence_asked", "statements"} <= set(answer)
    citation = answer["statements"][0]["citations"][0]
    assert set(citation) >= {"document", "title", "system", "page", "label", "start", "end", "quote"}
    page = casebook("page", citation["document"], str(citation["page"]), library=small).stdout
    assert page[citation["start"] : citation["end"]] == citation["quote"]


def test_batches_print_one_line_each_in_order(small: Library, tmp_path: Path) -> None:
    questions = tmp_path / "questions"
    questions.write_text('How long was the day?\n\n{"id": "q2", "question": "Who was trained?"}\n{"id": 3, "text": "and?"}\n')
    lines = [json.loads(line) for line in casebook("search", "--batch", str(questions), library=small).stdout.splitlines()]
    assert [line["question"] for line in lines] == ["How long was the day?", "Who was trained?", "and?"]
    assert [line.get("id") for line in lines] == [None, "q2", 3]
    lines = [
        json.loads(x) for x in casebook("ask", "--batch", "-", library=small, text="Who was trained?\n").stdout.splitlines()
    ]
    assert len(lines) == 1


def test_wrong_words_exit_with_2_and_say_what_is_right(small: Library) -> None:
    for arguments in (
        ("search",),
        ("page", "nowhere", "1"),
        ("page", "harbor", "99"),
        ("page", "harbor", "x"),
        ("ask", "--batch", "/no"),
    ):
        done = casebook(*arguments, library=small)
        assert done.returncode == 2, arguments
        assert "Traceback" not in done.stderr
        assert done.stderr.strip()


def test_the_same_question_gives_the_same_bytes_in_another_process(small: Library) -> None:
    outputs = {
        casebook("ask", "What did the district conclude about leadership?", "--json", library=small).stdout for _ in range(3)
    }
    assert len(outputs) == 1
