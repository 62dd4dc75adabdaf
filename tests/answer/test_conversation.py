"""Follow-ups take system, subject and time from before; whole questions are left as they are, to the letter."""

from __future__ import annotations

from pathlib import Path

import pytest

from answer import themes
from answer.conversation import Catalog, resolve
from casebook.library import Library

CATALOG = Catalog(
    {
        "Denver": ("Denver", "Denver Public Schools", "DPS"), "Boston": ("Boston",), "Chicago": ("Chicago",), "AUSL": ("AUSL",),
        "Charlotte-Mecklenburg": ("Charlotte-Mecklenburg", "Charlotte", "Strategic Staffing Initiative"),
    },
    themes.read(Path(__file__).resolve().parents[2] / "collection" / "themes.toml"),
)  # fmt: skip
DAY = "How did Denver extend the school day?"


@pytest.mark.parametrize(
    ("history", "question", "expected"),
    [
        ([DAY], "and in Boston?", "How did Boston extend the school day?"),
        ([DAY], "Boston?", "How did Boston extend the school day?"),
        ([DAY, "and in Boston?"], "why?", "Why did Boston extend the school day?"),
        ([DAY], "what about Chicago and Boston?", "How did Chicago and Boston extend the school day?"),
        ([DAY], "tell me more", DAY),
        ([DAY], "And in 2014?", "How did Denver extend the school day in 2014?"),
        (["How many schools did Denver close in 2010?"], "and in 2014?", "How many schools did Denver close in 2014?"),
        (["How many schools did Denver close in 2010?"], "and Boston?", "How many schools did Boston close in 2010?"),
        (["What did turnaround cost in Denver?"], "what about results?", "What about results in Denver?"),
        (["Did Boston close schools?"], "when?", "When did Boston close schools?"),
    ],
)
def test_what_is_left_out_is_filled_in(history: list[str], question: str, expected: str) -> None:
    assert resolve(question, history, CATALOG) == expected


@pytest.mark.parametrize(
    ("question", "there", "absent"),
    [
        ("How much were they paid?", ["paid", "Denver", "tutors"], []),
        ("How does that compare with Chicago?", ["Denver", "Chicago", "tutors", "compare"], []),
        ("Which other systems did?", ["other systems", "tutors"], []),
        ("Why did the district hire them?", ["Denver", "hire"], []),
        ("How many schools were there?", ["schools", "Denver"], []),
        ("And the Strategic Staffing Initiative?", ["Strategic Staffing Initiative"], ["Denver"]),
    ],
)
def test_words_that_point_back_bring_what_they_point_at(question: str, there: list[str], absent: list[str]) -> None:
    resolved = resolve(question, ["Did Denver use math tutors?"], CATALOG)
    assert all(word in resolved for word in there), resolved
    assert not any(word in resolved for word in absent), resolved


@pytest.mark.parametrize(
    "question",
    [
        "Which systems lengthened the school day?",
        "How did  Boston choose its principals ?",
        "What is a restart?",
        "What does research show about closing schools across all ten systems?",
        "Compare AUSL and Chicago on cost",
        "",
        "???",
    ],
)
def test_a_whole_question_is_left_as_it_is(question: str) -> None:
    assert resolve(question, [DAY], CATALOG) == question
    assert resolve(question, [], CATALOG) == question


def test_without_history_nothing_changes_and_long_histories_end() -> None:
    assert resolve("and in Boston?", [], CATALOG) == "and in Boston?"
    assert resolve("why?", [DAY] * 500, CATALOG) == "Why did Denver extend the school day?"


def test_strange_input_breaks_nothing() -> None:
    for question in (
        "why",
        "(((",
        "\\1 \\g<0>",
        "and in Boston\\1?",
        "\0",
        "a" * 5000,
        "in in in",
        "and?",
        "what about",
        "2014",
    ):
        for before in (DAY, "", "(((", "\\1", "Which systems?", "Denver"):
            assert isinstance(resolve(question, [before], CATALOG), str)


def test_one_persons_questions_never_reach_another(pair: Library) -> None:
    """Nothing is kept between calls: the same follow-up means what its own history says."""
    question = "and in Harbor City?"
    first = pair.ask(question, history=["How did River Valley extend the school day?"])
    other = pair.ask(question, history=["How much was each principal paid in River Valley?"])
    assert "90 minutes" in " ".join(s.text for s in first.statements)
    assert "$30,000" in " ".join(s.text for s in other.statements)
    alone = pair.ask(question)
    assert not any(note.startswith("Read as") for note in alone.notes)
    assert first.notes[0] == "Read as: How did Harbor City extend the school day?"
    assert first.question == question
