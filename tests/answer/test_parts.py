"""Comparisons taken apart: each part is about one system and keeps what was asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from answer.kinds import understand
from answer.parts import MOST_APART, apart, clauses

NAMES = {
    "Boston": ("Boston", "BPS"),
    "Charlotte-Mecklenburg": ("Charlotte-Mecklenburg", "CMS", "Charlotte"),
    "Mastery": ("Mastery", "Mastery Charter"),
    "ReNEW": ("ReNEW",),
    "Rocketship": ("Rocketship",),
}


@pytest.mark.parametrize(
    ("asked", "each"),
    [
        (
            "How do Mastery and ReNEW differ in school culture?",
            ["How do Mastery school culture?", "How do ReNEW school culture?"],
        ),
        (
            "How did Boston and CMS each attract teachers?",
            ["How did Boston attract teachers?", "How did CMS attract teachers?"],
        ),
        (
            "Compare Mastery Charter's budget with Boston's.",
            ["Mastery Charter's budget .", "budget with Boston's."],
        ),
        (
            "What do ReNEW, Rocketship and Boston have in common on growth?",
            ["What do ReNEW have on growth?", "What do Rocketship have on growth?", "What do Boston have on growth?"],
        ),
    ],
)
def test_a_comparison_becomes_a_question_on_each(asked: str, each: list[str]) -> None:
    parts = apart(understand(asked, NAMES), NAMES)
    assert [part.text for part in parts] == each
    assert all(len(part.systems) == 1 for part in parts)


@pytest.mark.parametrize(
    "asked",
    [
        "How did Boston lengthen the day?",
        "How do all ten systems compare?",
        "Which systems replaced principals?",
        "Compare Boston, CMS, Mastery, ReNEW and Rocketship on cost.",  # more than are asked one by one
    ],
)
def test_what_is_no_comparison_of_a_few_stays_whole(asked: str) -> None:
    question = understand(asked, NAMES)
    assert apart(question, NAMES) == [question]


def test_two_questions_in_one_are_two() -> None:
    question = understand("Which schools left Boston's list, and how far did Charlotte get compared with others?", NAMES)
    assert [part.systems for part in clauses(question, NAMES)] == [("Boston",), ("Charlotte-Mecklenburg",)]


WORDS = st.lists(
    st.sampled_from(["pay", "time", "(cost)", "per-pupil", "2012,", "and", "in", "C++", "school’s", "?"]), max_size=8
)


@given(st.lists(st.sampled_from(sorted(NAMES)), min_size=2, max_size=MOST_APART, unique=True), WORDS, WORDS)
def test_a_part_names_its_own_system_and_no_other(systems: list[str], before: list[str], after: list[str]) -> None:
    asked = understand(" ".join(["Compare", *before, " and ".join(systems), *after]), NAMES)
    parts = apart(asked, NAMES)
    assert [part.systems for part in parts] == [(system,) for system in asked.systems]
    for part in parts:
        assert [system for system in systems if system in part.text] == list(part.systems)
