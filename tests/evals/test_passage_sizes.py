"""Overlap of passages, and how much of the evidence a reader has seen."""

from __future__ import annotations

from array import array

import numpy as np
import pytest

from casebook.records import Document, Page, Passage
from evals import passage_sizes
from evals.collection import CollectionResult
from evals.gold import Gold, Quote
from evals.passage_sizes import Reader, Remembering, overlapped
from index.encoder import Encoder
from index.snapshot import Contents

TEXT = "One came first. Two came next.\nThree was third. Four was last."


def passage(start: int, end: int, *cuts: int, heading: str = "Order") -> Passage:
    ends = [*cuts, end]
    starts = [start, *(cut + 1 for cut in cuts)]
    spans = tuple(zip(starts, ends, strict=True))
    return Passage(f"d:p1:{start}-{end}", "d", 1, start, end, heading, TEXT[start:end], spans)


def contents(*passages: Passage) -> Contents:
    none = np.zeros((0, 1), np.float32)
    return Contents(Document("d", "", "", "", "", 1), [(Page("d", 1, "1", TEXT), array("i"))], passages, none, none)


def words(text: str) -> int:
    return len(text.split())


def test_a_passage_begins_with_the_last_sentence_of_the_one_before() -> None:
    first, second = overlapped(contents(passage(0, 30, 15), passage(31, 63, 47)), words, 100)
    assert first.text == "One came first. Two came next."
    assert second.text == "Two came next.\nThree was third. Four was last."
    assert second.id == "d:p1:16-63"
    assert [TEXT[a:b] for a, b in second.sentences] == ["Two came next.", "Three was third.", "Four was last."]
    assert TEXT[second.start : second.end] == second.text


@pytest.mark.parametrize(
    ("second", "limit"),
    [
        (passage(31, 63, 47, heading="Another"), 100),  # another section
        (passage(48, 63), 100),  # something else stands between
        (passage(31, 63, 47), 9),  # over the limit with it
    ],
)
def test_no_overlap_where_it_would_not_be_one_text(second: Passage, limit: int) -> None:
    assert overlapped(contents(passage(0, 30, 15), second), words, limit)[1] == second


def test_the_encoder_is_asked_once_for_a_text(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def encode(self: Encoder, texts: list[str], progress: object = None) -> np.ndarray:
        asked.extend(texts)
        return np.array([[float(len(text))] for text in texts]).reshape(len(texts), 1)

    monkeypatch.setattr(Encoder, "encode", encode)
    encoder = Remembering()
    assert encoder.encode(["aa", "b", "aa"]).ravel().tolist() == [2, 1, 2]
    assert encoder.encode(["b", "ccc"]).ravel().tolist() == [1, 3]
    assert asked == ["aa", "b", "ccc"]


class Pages:
    """What a reader needs of a snapshot."""

    def all_passages(self) -> list[Passage]:
        return [passage(0, 30, 15), passage(31, 63, 47)]

    def pages(self, document: str) -> list[Page]:
        return [Page(document, 1, "1", TEXT)]


@pytest.mark.parametrize(("budget", "any_of", "share"), [(6, False, 0.5), (6, True, 1.0), (12, False, 1.0), (3, True, 0.0)])
def test_evidence_counts_as_far_as_it_was_read(
    monkeypatch: pytest.MonkeyPatch, budget: int, any_of: bool, share: float
) -> None:
    monkeypatch.setattr(passage_sizes, "TOKENS_READ", budget)
    quotes = (Quote("d", 1, "Two came next."), Quote("d", 1, "Four was last."))
    question = Gold("q", "?", "list", (), True, quotes, any_of, "dev")
    hits = [("d:p1:0-30", 1.0), ("d:p1:31-63", 0.5)]
    result = CollectionResult([question], {}, np.zeros(1), run={"q": hits})
    assert Reader(Pages(), words).seen(result).tolist() == [share]  # type: ignore[arg-type]
