"""What can be quoted: joins over page breaks, contexts, tables, lists; never sources, headings or fragments."""

from __future__ import annotations

import pytest

from answer.quotable import Quotable, form_of, leans, quotables, reference_matter
from casebook.records import Passage


def passage(page: int, sentences: list[str], heading: str = "Results", document: str = "d") -> Passage:
    text, spans = "", []
    for sentence in sentences:
        text += "\n" if text else ""
        spans.append((len(text), len(text) + len(sentence)))
        text += sentence
    return Passage(f"{document}:{page}", document, page, 0, len(text), heading, text, tuple(spans))


def found(*passages: Passage) -> list[Quotable]:
    def around(one: Passage) -> tuple[Passage | None, Passage | None]:
        at = passages.index(one)
        return (passages[at - 1] if at else None, passages[at + 1] if at + 1 < len(passages) else None)

    return quotables(passages, around)


@pytest.mark.parametrize(
    "heading", ["Sources", "References", "BIBLIOGRAPHY", "Notes", "Works Cited", "7. References", "Endnotes:"]
)
def test_reference_sections_are_never_quoted(heading: str) -> None:
    assert found(passage(1, ["The Denver Post wrote about the plan in 2010."], heading)) == []


@pytest.mark.parametrize(
    "text",
    [
        "4.\tCMS Board Frustrated (WFAE, Aug 2012). https://www.wfae.org/local-news",
        "See www.example.org for the full report on turnaround.",
        "Progress seen at city ‘turnaround’ schools (Chicago Tribune, Feb 2012).",
    ],
)
def test_reference_lines_are_never_quoted_whatever_their_heading(text: str) -> None:
    assert reference_matter("Results", text)


@pytest.mark.parametrize(
    "text",
    [
        "Sources disagree on the rate, which is given as 56 or 57 percent[20].",
        "The plan passed (in November 2010) by one vote.",
    ],
)
def test_sentences_about_sources_are_quoted(text: str) -> None:
    assert [q.text for q in found(passage(1, [text]))] == [text]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Leadership and staffing", ""),
        ("9.", ""),
        ("in the spring of that year the board voted.", ""),
        ("The board voted 4 to 3.", "prose"),
        ("1. A longer school day and year[2].", "item"),
        ("Tutors\t75, at $21,000 a year[12]", "row"),
        ("12 schools left the list[3].", "prose"),
    ],
)
def test_forms(text: str, form: str) -> None:
    assert form_of(text) == form


def test_a_sentence_over_a_page_break_is_one_quotation_with_two_places() -> None:
    one, two = (
        passage(4, ["It began well.", "In 2010 the board of the"], "A"),
        passage(5, ["district voted to go on[3].", "Then it ended there."], "A"),
    )
    joined = [q for q in found(one, two) if len(q.places) == 2]
    assert [q.text for q in joined] == ["In 2010 the board of the district voted to go on[3]."]
    assert [(d, page) for d, page, _ in joined[0].places] == [("d", 4), ("d", 5)]


def test_pieces_that_do_not_fit_are_not_joined() -> None:
    texts = [q.text for q in found(passage(4, ["Leadership and staffing"]), passage(5, ["The board voted to go on."]))]
    assert texts == ["The board voted to go on."]


def test_initials_at_a_sentence_break_are_mended() -> None:
    texts = [q.text for q in found(passage(1, ["Charlotte’s Project L.I.F.T.", "was set to drop its 19 added days."]))]
    assert texts == ["Charlotte’s Project L.I.F.T.\nwas set to drop its 19 added days."]


@pytest.mark.parametrize(
    "text", ["They left in June.", "This took years.", "Its board voted.", "The vote was 4 to 3.", "By then it was over."]
)
def test_leaning_sentences(text: str) -> None:
    assert leans(text)


@pytest.mark.parametrize("text", ["Theyer School closed.", "Denver voted.", "Italy has schools.", "Butler High closed."])
def test_standing_sentences(text: str) -> None:
    assert not leans(text)


def test_a_leaning_sentence_brings_the_one_before_and_is_itself_unchanged() -> None:
    quoted = found(passage(1, ["The board met in November.", "It voted 4 to 3 for the plan."]))[1]
    assert (quoted.text, quoted.context) == ("It voted 4 to 3 for the plan.", "The board met in November.")


def test_context_never_crosses_a_section() -> None:
    assert (
        found(passage(1, ["The board met in November."], "A"), passage(1, ["It voted 4 to 3 for the plan."], "B"))[1].context
        == ""
    )


def test_a_table_row_brings_its_head_which_is_no_answer_itself() -> None:
    rows = found(passage(1, ["Measure\tResult\tWho counted", "Grade 3 reading\tUp 7%\tMass Insight"]))
    assert [(q.text, q.context) for q in rows] == [("Grade 3 reading\tUp 7%\tMass Insight", "Measure\tResult\tWho counted")]


def test_a_row_of_figures_above_is_no_head() -> None:
    rows = found(passage(1, ["Private money\t$4.2 million[6]", "Montbello High reopened\t2022[16]"]))
    assert [q.context for q in rows] == ["", ""]


def test_a_list_item_brings_the_sentence_that_leads_in() -> None:
    items = found(
        passage(1, ["The program rests on two tenets[2]:", "1. A longer school day[2].", "2. Strong school leadership[2]."])
    )
    assert [q.context for q in items[1:]] == ["The program rests on two tenets[2]:"] * 2
