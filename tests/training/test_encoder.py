"""What the encoder would be trained on, and the way between two sets of weights."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch")
safetensors = pytest.importorskip("safetensors.torch")

from training import encoder  # noqa: E402  needs torch

TEXTS = st.sampled_from("abcdefgh")


@given(st.lists(st.tuples(st.text(min_size=1), TEXTS, TEXTS), max_size=60), st.integers(1, 3))
def test_no_text_stands_twice_in_a_batch(drawn: list[encoder.Triple], size: int) -> None:
    for batch in encoder.batches(drawn, size):
        assert len(batch) == size
        texts = [text for _, answer, negative in batch for text in {answer, negative}]
        assert len(texts) == len(set(texts))


def test_triples_are_answered_groups_of_one_level(tmp_path: Path) -> None:
    rows = [
        {"dataset": "a", "level": "passage", "question": "q1", "positive": True, "texts": ["yes", "no", "other"]},
        {"dataset": "a", "level": "passage", "question": "q2", "positive": False, "texts": ["no"]},
        {"dataset": "a", "level": "sentence", "question": "q3", "positive": True, "texts": ["yes", "no"]},
        {"dataset": "a", "level": "passage", "question": "q4", "positive": True, "texts": ["alone"]},
        {"dataset": "a", "level": "passage", "question": "held out", "positive": True, "texts": ["yes", "no"]},
    ]
    (tmp_path / "groups.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    files = [tmp_path / "groups.jsonl"]
    assert encoder.triples(files, "passage", {"held out"}, random.Random(1)) == [("q1", "yes", "no")]


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_blend_goes_a_share_of_the_way(tmp_path: Path, share: float) -> None:
    for name, value in (("old", 1.0), ("new", 3.0)):
        (tmp_path / name).mkdir()
        weights = {"w": torch.full((2, 2), value), "position_ids": torch.arange(3)}
        safetensors.save_file(weights, tmp_path / name / "model.safetensors")
    (tmp_path / "old" / "config.json").write_text("{}")
    encoder.blend(tmp_path / "old", tmp_path / "new", share, tmp_path / "out")
    made = safetensors.load_file(tmp_path / "out" / "model.safetensors")
    assert torch.allclose(made["w"], torch.full((2, 2), 1 + 2 * share))
    assert (tmp_path / "out" / "config.json").read_text() == "{}"
