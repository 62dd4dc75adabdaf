"""Questions are taken for what they are, and the systems they name are found."""

from __future__ import annotations

import pytest

from answer.kinds import holds, named_systems, understand

NAMES = {
    "Denver": ("Denver", "Denver Public Schools", "DPS"),
    "Mastery": ("Mastery", "Mastery Charter", "Philadelphia"),
    "Chicago": ("Chicago", "CPS"),
    "Cincinnati": ("Cincinnati", "CPS", "Elementary Initiative"),
    "AUSL": ("AUSL", "Academy for Urban School Leadership", "Chicago Teacher Residency"),
    "ReNEW": ("ReNEW", "New Orleans"),
}


@pytest.mark.parametrize(
    ("question", "kind", "wants"),
    [
        ("How many students did the plan cover?", "figure", "number"),
        ("How much did Denver pay its tutors?", "figure", "money"),
        ("What share of teachers stayed?", "figure", "percent"),
        ("What did the consultants charge the district?", "figure", "money"),
        ("What did the state spend its grants on?", "fact", ""),
        ("What class sizes did the new schools have?", "figure", "number"),
        ("When did Montbello High reopen?", "date", "date"),
        ("When does a longer day help?", "fact", ""),
        ("Who was the principal of Montbello High?", "person", "somebody"),
        ("Who led the Summit schools?", "person", "person"),
        ("Did scores rise in Denver?", "yes_no", ""),
        ("Why did ReNEW lose two schools?", "how_why", ""),
        ("Which systems lengthened the school day?", "which_systems", ""),
        ("What districts used tutoring?", "which_systems", ""),
        ("Compare Denver and Chicago on tutoring.", "comparison", ""),
        ("What are the five tenets of Fryer's research?", "list", ""),
        ("What is the Fifth Quarter?", "definition", ""),
        ("What lessons do the cases suggest about leaders?", "synthesis", ""),
        ("attendance", "fact", ""),
    ],
)
def test_kinds(question: str, kind: str, wants: str) -> None:
    found = understand(question, NAMES)
    assert (found.kind, found.wants) == (kind, wants)


@pytest.mark.parametrize(
    ("question", "systems"),
    [
        ("What did denver public schools do?", ("Denver",)),
        ("How did CPS choose principals?", ("Chicago", "Cincinnati")),
        ("What is the Chicago Teacher Residency?", ("AUSL",)),
        ("How did the Board measure mastery of fractions?", ()),
        ("did mastery raise scores", ("Mastery",)),
        ("How did Philadelphia and New Orleans differ?", ("Mastery", "ReNEW")),
        ("How do districts renew contracts?", ("ReNEW",)),
        ("How did Boston renew its contract?", ()),
    ],
)
def test_named_systems(question: str, systems: tuple[str, ...]) -> None:
    assert named_systems(question, NAMES)[0] == systems


@pytest.mark.parametrize(
    ("question", "sentence", "answers"),
    [
        ("Who was the principal of Taft?", "Taft was led by Nikolai Vitti until 2014.", True),
        ("Who was the principal of Taft?", "Guitterrez, who resigned in 2018, was the third principal.", True),
        (
            "Who was the principal of Taft?",
            "Taft Elementary in Charlotte kept one principal; Garinger High lost its own.",
            False,
        ),
        ("When did the day end?", "It ended at four o’clock.", True),
        ("How many students enrolled in 2010?", "In 2010 enrollment was counted for the first time[3].", False),
        ("How many students enrolled in 2010?", "In 2010 there were 57,050 students[3].", True),
        ("How much did it cost?", "The program had 19 schools[12].", False),
        ("How much did it cost?", "The program cost $4,100 a teacher[12].", True),
        ("Who started the Elementary Initiative?", "In 2008 the Elementary Initiative was started[2].", False),
        ("Who started the Elementary Initiative?", "It was Mary Ronan who started the Elementary Initiative[2].", True),
        ("When did it reopen?", "It reopened with a new name[4].", False),
        ("When did it reopen?", "It reopened in 2022[4].", True),
    ],
)
def test_a_figure_asked_for_must_be_in_the_quotation_and_not_from_the_question(
    question: str, sentence: str, answers: bool
) -> None:
    assert holds(sentence, understand(question, {})) is answers


def test_a_question_about_all_systems_compares_them_all_and_which_asks_which() -> None:
    assert understand("What results does the record show for each of the ten systems?", NAMES).systems == tuple(NAMES)
    assert understand("Which of the ten systems used tutoring?", NAMES).kind == "which_systems"
