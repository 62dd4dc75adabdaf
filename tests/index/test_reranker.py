"""The shipped cross-encoder: both depths rank, the same bytes every time, and a damaged file is told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from casebook.errors import EncoderError
from casebook.records import Passage
from index.reranker import FOLDER, CrossEncoder, Depth

QUESTION = "How many schools did the district close in 2010?"
TEXTS = [
    "The district closed nine schools in 2010.",
    "The district hired a new superintendent in 2010.",
    "Attendance rose at the schools that stayed open.",
    "Families protested when the closings were announced.",
]


@pytest.mark.parametrize("depth", ["early", "full"])
def test_the_text_that_answers_scores_highest_at_both_depths(depth: Depth) -> None:
    scores = CrossEncoder(depth=depth).scores(QUESTION, TEXTS)
    assert scores.shape == (4,)
    assert scores.argmax() == 0
    assert ((scores > 0) & (scores < 1)).all()


@pytest.mark.parametrize("depth", ["early", "full"])
def test_a_score_hangs_neither_on_company_nor_on_threads(depth: Depth) -> None:
    one, two = CrossEncoder(depth=depth, threads=1), CrossEncoder(depth=depth, threads=2)
    together = two.verdicts(QUESTION, TEXTS)
    alone = np.concatenate([one.verdicts(QUESTION, [text]) for text in TEXTS])
    assert together.tobytes() == alone.tobytes()


def test_nothing_to_read_is_no_error() -> None:
    assert CrossEncoder().scores(QUESTION, []).shape == (0,)


def test_a_long_text_is_cut_and_read() -> None:
    assert np.isfinite(CrossEncoder(depth="early").verdicts(QUESTION, ["school " * 5000]))


def test_a_damaged_half_is_told_in_a_sentence(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FOLDER, tmp_path / "selector"))
    with (folder / "lower.int8.onnx").open("r+b") as file:
        file.seek(1000)
        file.write(b"\0\1\2\3")
    with pytest.raises(EncoderError, match=r"lower\.int8\.onnx is damaged"):
        CrossEncoder(folder).scores(QUESTION, TEXTS)


def test_the_card_says_how_the_halves_agree_with_the_float_model() -> None:
    config = json.loads((FOLDER / "config.json").read_text())
    assert config["agreement_with_float"]["spearman_all_pairs"] > 0.95
    assert set(config["calibration"]) == {"early", "full"}


def test_a_passage_is_read_with_its_heading_and_without_notes() -> None:
    passage = Passage("p", "d", 1, 0, 40, "Results", "Scores rose[3,4]\nby nine points[12].")
    assert passage.plain == "Results. Scores rose by nine points."
