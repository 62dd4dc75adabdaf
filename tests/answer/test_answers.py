"""Answers over the bundled collection: quoted to the letter, of the system asked, whole, or refused with what is missing."""

from __future__ import annotations

import itertools
import random
import re
from dataclasses import replace

import pytest

from answer import abstain
from answer.citations import verify_statement
from answer.quotable import reference_matter
from casebook.errors import UsageError
from casebook.library import Library
from casebook.records import Answer, Statement
from casebook.verification import quotation_problems

QUESTIONS = [
    "How many students did the Denver plan cover?",
    "Which systems used tutoring?",
    "Did AUSL schools improve test scores?",
    "What are the five tenets of Fryer's research?",
    "Why did Project L.I.F.T. drop its added days?",
    "How did Boston choose principals?",
    "What did turnaround cost in Chicago?",
    "What is the Fifth Quarter in Cincinnati?",
    "Who paid for Denver's tutoring?",
    "Compare Miami-Dade and Mastery on results.",
    "What happened to ReNEW's schools after 2016?",
    "How does Rocketship use software?",
    "What lessons do the cases suggest about sustaining gains?",
    "When did Montbello High reopen?",
    "How many schools did Mastery run by 2024?",
]


@pytest.fixture(scope="module")
def answers(library: Library) -> list[Answer]:
    return [library.ask(question, point="generous") for question in QUESTIONS]


@pytest.fixture(scope="module")
def statements(answers: list[Answer]) -> list[Statement]:
    return [statement for answer in answers for statement in answer.statements]


def test_every_statement_verifies_against_the_index_and_the_pdf(library: Library, statements: list[Statement]) -> None:
    assert len(statements) > 25
    assert all(verify_statement(s, library.snapshot.page) for s in statements)
    assert quotation_problems(library, statements) == []


def test_500_mutations_of_quotations_all_fail(library: Library, statements: list[Statement]) -> None:
    chance = random.Random(13)
    survived = [
        m
        for m in (mutated(chance.choice(statements), chance) for _ in range(500))
        if verify_statement(m, library.snapshot.page)
    ]
    assert survived == []


def mutated(statement: Statement, chance: random.Random) -> Statement:
    """One digit, one "not", one name or one place changed, in the text and in its quotation alike."""
    at = chance.randrange(len(statement.citations))
    citation = statement.citations[at]
    kind = chance.choice(["digit", "not", "name", "place", "page"])
    quote = citation.quote
    digits, names = [m.start() for m in re.finditer(r"\d", quote)], list(re.finditer(r"\b[A-Z][a-z]+", quote))
    if kind == "digit" and digits:
        i = chance.choice(digits)
        quote = quote[:i] + chance.choice([d for d in "0123456789" if d != quote[i]]) + quote[i + 1 :]
    elif kind == "name" and names:
        name = chance.choice(names)
        quote = quote[: name.start()] + chance.choice(["Springfield", "Johnson"]) + quote[name.end() :]
    elif kind == "place":
        return replace(
            statement, citations=_with(statement, at, replace(citation, start=citation.start + 1, end=citation.end + 1))
        )
    elif kind == "page":
        return replace(
            statement,
            citations=_with(
                statement, at, replace(citation, page=citation.page + 1 if citation.page == 1 else citation.page - 1)
            ),
        )
    else:
        quote = quote.replace(" not ", " ", 1) if " not " in quote else re.sub(r" ", " not ", quote, count=1)
    made = _with(statement, at, replace(citation, quote=quote))
    return replace(statement, text=" ".join(c.quote for c in made), citations=made)


def _with(statement: Statement, at: int, citation) -> tuple:  # type: ignore[no-untyped-def,type-arg]
    return (*statement.citations[:at], citation, *statement.citations[at + 1 :])


def test_a_changed_context_fails(library: Library, statements: list[Statement]) -> None:
    leaning = [s for s in statements if s.context]
    assert leaning
    assert not any(
        verify_statement(replace(s, context=re.sub(r"\s", " not ", s.context, count=1)), library.snapshot.page) for s in leaning
    )


def test_no_source_or_heading_is_a_statement(library: Library, statements: list[Statement]) -> None:
    for statement in statements:
        assert not reference_matter("", statement.text)
        assert "\t" in statement.text or re.search(r"[.!?:]", statement.text)


@pytest.mark.parametrize(
    ("question", "fact"),
    [
        ("How many students did the Denver plan cover?", "5,000 students"),
        ("When did Montbello High reopen?", "2022"),
        ("What did tutors earn in Denver?", "$21,000"),
        ("What is the Fifth Quarter in Cincinnati?", "Fifth Quarter"),
    ],
)
def test_facts(library: Library, question: str, fact: str) -> None:
    assert any(fact in s.text for s in library.ask(question, point="generous").statements)


def test_a_list_comes_whole_and_in_order(library: Library) -> None:
    texts = [s.text for s in library.ask("What are the five tenets of Fryer's research?", point="generous").statements]
    assert [t[:2] for t in texts[1:]] == ["1.", "2.", "3.", "4.", "5."]


def test_a_comparison_names_every_system(library: Library) -> None:
    found = library.ask("Compare Denver, Boston and Mastery on the length of the school day.", point="generous")
    assert {"Denver", "Boston", "Mastery"} <= {s.system for s in found.statements}


def test_a_which_question_accounts_for_every_system(library: Library) -> None:
    found = library.ask("Which systems used tutoring?", point="generous")
    named = {s.system for s in found.statements} | {s for s in library.systems() if any(s in note for note in found.notes)}
    assert set(library.systems()) <= named


def test_a_refusal_names_what_is_missing_and_the_nearest_passage(library: Library) -> None:
    found = library.ask("What does photosynthesis cost per pupil in Denver?", point="careful")
    assert found.abstained
    assert "photosynthesis" in found.reason
    assert "Denver" in found.reason
    assert found.nearest is not None
    assert library.verify_citation(found.nearest)


def test_the_operating_points_are_ordered(library: Library) -> None:
    ways = [way for way in itertools.product((False, True), repeat=3) if way[0] or not way[2]]  # no judge without a selector
    for judged_by in ways:
        asked = [abstain.threshold(point, *judged_by) for point in ("generous", "balanced", "careful")]
        assert asked == sorted(asked)
    assert [library.ask("tutoring", point=p).asked for p in ("generous", "balanced", "careful")] == sorted(
        abstain.threshold(p, library.relevance is not None, judged=library.verdict is not None) for p in abstain.POINTS
    )
    with pytest.raises(UsageError, match="careful, balanced, generous"):
        library.ask("tutoring", point="reckless")


def test_the_same_question_gets_the_same_answer(library: Library, answers: list[Answer]) -> None:
    again = Library(library.settings)
    assert [again.ask(q, point="generous") for q in QUESTIONS[:3]] == answers[:3]
