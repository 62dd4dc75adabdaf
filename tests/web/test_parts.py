"""The pure parts of the pages: steering, marking, file names, the quality report, the page's head."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from casebook.library import Library
from casebook.records import Passage
from web import hits, quality, search, server, theme
from web.library_tab import safe_name
from web.steering import PULL, PUSH, steered


def test_steering_follows_a_reference() -> None:
    random = np.random.default_rng(7)
    vectors = random.normal(size=(20, 8))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    scores = random.random(20)
    found = steered(scores, vectors, vectors[:2], vectors[2:3])
    for i in range(20):
        expected = (
            scores[i] + PULL * np.mean([vectors[i] @ vectors[0], vectors[i] @ vectors[1]]) - PUSH * (vectors[i] @ vectors[2])
        )
        assert found[i] == pytest.approx(expected, abs=1e-6)
    none = np.zeros((0, 8))
    assert np.allclose(steered(scores, vectors, none, none), scores, atol=1e-6)


def test_words_are_marked_by_their_stem_and_the_best_sentence_stands_out() -> None:
    passage = Passage("p", "d", 1, 10, 52, "", "Tutors came daily. The tutoring lasted on.", ((10, 28), (29, 52)))
    shown = hits.marked(passage, "the tutor", (29, 52))
    assert shown == '<mark>Tutors</mark> came daily. <strong class="cb-best">The <mark>tutoring</mark> lasted on.</strong>'


def test_marks_change_the_order_and_filters_hold(library: Library) -> None:
    plain = search.results(library, hits.Wanted("tutoring and time", {}))
    ids = re.findall(r'data-mark="bad" data-id="([^"]+)"', plain["html"])
    assert len(ids) == hits.PER_PAGE
    away = search.results(library, hits.Wanted("tutoring and time", {}, bad=ids[:1]))
    assert re.findall(r'data-mark="bad" data-id="([^"]+)"', away["html"])[0] != ids[0]
    held = search.results(library, hits.Wanted("tutoring and time", {"system": ["Denver"]}))
    assert set(re.findall(r'data-system="([^"]*)"', held["html"])) == {"Denver"}
    assert held["counts"]["system"] == plain["counts"]["system"], "a filter's own ticks do not change its counts"
    nothing = search.results(library, hits.Wanted("tutoring", {"system": ["Denver"], "document": ["boston"]}))
    assert "Nothing was found" in nothing["html"]
    stale = search.results(library, hits.Wanted("tutoring", {}, good=["no-such-passage"]))
    assert "cb-hit" in stale["html"]


@pytest.mark.parametrize("question", ['"', "*", "NEAR(", "-", "\x00", "x" * 4000, "¿qué?", "AND OR NOT", "   "])
def test_odd_words_are_searched_without_an_error(library: Library, question: str) -> None:
    assert search.results(library, hits.Wanted(question, {}))["html"]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("a:b?.pdf", "a_b_.pdf"),
        ("..", "document.pdf"),
        ("C:\\x\\y.pdf", "y.pdf"),
        ("Ünï.pdf", "Ünï.pdf"),
    ],
)
def test_file_names_are_made_safe(name: str, kept: str) -> None:
    assert safe_name(name) == kept


def test_quality_tells_what_was_measured(tmp_path: Path) -> None:
    assert "Not measured yet" in quality.report(quality.read(tmp_path))
    point = {
        "confidence_asked": 0.5,
        "answerable_refused": 0.1,
        "unanswerable_refused": 0.8,
        "answered_right_of_answerable": 0.7,
        "right_of_answered": 0.9,
    }
    result = {
        "set": "collection",
        "split": "test",
        "commit": "abc",
        "command": "python -m evals.answers",
        "date": "2026-11-23",
        "questions": 10,
        "answerable": 6,
        "answers_hold_the_gold": 0.75,
        "all_statements_verify": True,
        "operating_points": {"balanced": point},
        "risk_coverage": [[0.5, 0.1], [1.0, 0.3]],
    }
    (tmp_path / "answers-collection.json").write_text(json.dumps(result))
    (tmp_path / "broken.json").write_text("{")
    shown = quality.report(quality.read(tmp_path))
    assert "75 %" in shown
    assert "80 %" in shown
    assert "190.0,35.0 340.0,65.0" in shown
    assert "2026-11-23" in shown


def test_nothing_of_ours_names_another_machine() -> None:
    for path in server.STATIC.iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|@import|url\(", text), path.name
    assert "http" not in theme.head(server.STATIC)
