"""What the judge reads: the sentence in question, whole sentences around it, and never more than fits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from answer import abstain, judging
from casebook.asking import prepare
from casebook.library import Library

SENTENCES = st.lists(st.integers(1, 60).map(lambda n: " ".join(["word"] * n) + "."), min_size=1, max_size=12)


@given(SENTENCES, st.data())
def test_a_stretch_holds_its_sentence_and_keeps_to_the_limit(sentences: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(sentences) - 1))
    numbered = [f"s{i:02}{s}" for i, s in enumerate(sentences)]
    text = judging.stretch("Denver", numbered, at)
    assert text.startswith("Denver. ") and numbered[at] in text
    held = [s for s in numbered if s in text]
    assert " ".join(held) == text.removeprefix("Denver. "), "whole sentences that stand together"
    assert len(text.split()) - 1 <= max(judging.WORDS, len(numbered[at].split()))


def test_the_sentence_after_has_the_first_place_and_the_one_before_the_next() -> None:
    long = " ".join(["word"] * 40) + "."
    assert judging.stretch("", [long, "Here.", long, long], 1) == f"{long} Here. {long}"
    assert judging.stretch("", [long, f"Here. {long}", long, long], 1) == f"Here. {long} {long}"
    assert judging.stretch("Denver", ["A.", "B.", "C."], 1) == "Denver. A. B. C."


def test_the_first_two_are_read_once_each(library: Library) -> None:
    asked: list[Sequence[str]] = []

    def verdict(question: str, texts: Sequence[str]) -> np.ndarray:
        asked.append(texts)
        return np.arange(1.0, len(texts) + 1)

    found = prepare(replace(library.asking(), verdict=verdict), "How did Boston choose principals?").found
    assert len(asked) == 1 and 1 <= len(set(asked[0])) == len(asked[0]) <= judging.READ
    assert all(text.startswith("Boston. ") and "[" not in text for text in asked[0])
    assert [math.isnan(c.judged) for c in found[:4]] == [False, False, True, True]
    assert abstain.judged_by(found)[2]
    plain = prepare(replace(library.asking(), verdict=None), "How did Boston choose principals?").found
    assert not abstain.judged_by(plain)[2]
    assert [c.text for c in plain] == [c.text for c in found], "the judge has a say in whether, not in what"


@pytest.mark.parametrize("worse", [1.0, 4.0, 12.0])
def test_a_worse_verdict_never_makes_an_answer_surer(library: Library, worse: float) -> None:
    def confidence(shift: float) -> float:
        asking = replace(library.asking(), verdict=lambda question, texts: np.full(len(texts), 3.0 - shift))
        asked = prepare(asking, "How did Boston choose principals?")
        return abstain.confidence(asked.question, asked.found, asked.evidence.weights, asked.evidence.absent)

    assert confidence(worse) <= confidence(0.0)
