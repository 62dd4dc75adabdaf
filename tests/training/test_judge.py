"""The pairs the judge learns from."""

from __future__ import annotations

import random
from collections import Counter

import pytest

pytest.importorskip("torch")
pytest.importorskip("scipy")

from training import judge


def pairs(count: int) -> list[dict[str, object]]:
    made = []
    for n in range(count):
        name = ("squad", "squad_traps", "written_open", "written")[n % 4]
        text = [f"Town {n % 7} has {n} schools.", "It rains there."]
        made.append(judge.pair(name, f"How many schools has town {n % 7}?", f"Town {n % 7}", text, 0, n % 4 != 1))
    return made


def test_a_stranger_is_of_another_article_and_no_answer() -> None:
    every = pairs(80)
    strange = list(judge.strangers(every, random.Random(1)))
    assert strange and not any(row["answered"] for row in strange)
    for row in strange:
        number = str(row["question"]).split()[-1].rstrip("?")
        assert row["lead"] != f"Town {number}"
        assert row["dataset"] != "written"


def test_squad_comes_twice_and_nothing_is_lost() -> None:
    every = pairs(80)
    planned = [row for batch in judge.plan(every, 8, random.Random(1)) for row in batch]
    counts = Counter(str(row["text"]) for row in planned)
    assert all(counts[str(row["text"])] == 1 + (row["dataset"] in judge.TWICE) for row in every)
