"""The shipped judge: tells an answer from what only looks like one, the same bytes every time, and a damaged file is told."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from casebook.errors import EncoderError
from index.judge import FOLDER, WEIGHTS, Judge

QUESTION = "How many schools did the district close in 2010?"
ANSWER = "Denver. The district closed nine schools in 2010. Attendance rose at the schools that stayed open."
SEEMS = "Denver. Families protested in 2010 when the closings were announced. The district hired a new superintendent."


def test_an_answer_is_told_from_what_only_looks_like_one() -> None:
    answer, seems = Judge().logits(QUESTION, [ANSWER, SEEMS])
    assert answer > seems
    assert Judge().logits("Who paid for the buses of the schools?", [ANSWER])[0] < answer


def test_a_verdict_hangs_neither_on_company_nor_on_threads() -> None:
    one, two = Judge(threads=1), Judge(threads=2)
    texts = [ANSWER, SEEMS, "Attendance rose."]
    alone = np.concatenate([one.logits(QUESTION, [text]) for text in texts])
    assert two.logits(QUESTION, texts).tobytes() == alone.tobytes()
    assert two.logits(QUESTION, []).shape == (0,)


def test_a_long_text_is_cut_and_read() -> None:
    assert np.isfinite(Judge().logits("why " * 500, ["school " * 5000])).all()


def test_a_damaged_file_is_told_in_a_sentence(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(FOLDER, tmp_path / "judge"))
    with (folder / WEIGHTS).open("r+b") as file:
        file.seek(1000)
        file.write(b"\0\1\2\3")
    with pytest.raises(EncoderError, match=r"models/judge/judge\.onnx is damaged.*Restore the folder models/"):
        Judge(folder).logits(QUESTION, [ANSWER])
    (folder / "config.json").unlink()
    with pytest.raises(EncoderError, match="incomplete"):
        Judge(folder)


def test_the_card_says_how_near_it_is_to_the_float_model() -> None:
    held_out = json.loads((FOLDER / "config.json").read_text(encoding="utf-8"))["held_out"]
    assert held_out["auroc"] > held_out["auroc_float"] - 0.02
    assert held_out["correlation"] > 0.97
