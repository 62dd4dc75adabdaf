"""What a PDF should read as: notes, quotation marks, line-end hyphens."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collection.expected import (
    DISCLAIMER,
    Bibliography,
    curl,
    expected_text,
    flat,
    leads_to_page,
    unbroken,
    words_in_order,
)
from collection.records import Entry, Fact
from collection.sources import parse


def fact(id, title, url):
    return Fact(id, "results", "", "", "", title, url, "high")


FACTS = {
    f.id: f
    for f in [
        fact("a-1", "First", "https://a.org/1"),
        fact("a-2", "Second", "https://a.org/2"),
        fact("a-3", "First", "https://a.org/1"),
        fact("a-4", "First", "https://archive.org/"),
    ]
}


def source(text):
    return parse(text, "a", Path("a.md"))


def test_sources_are_numbered_by_title_and_address_in_order_of_first_use():
    text = source("## A\n\nOne [@a-2]. Two [@a-3; @a-2; @a-1].\n\n| F | G |\n|---|---|\n| x | y [@a-4] |\n")
    bibliography = Bibliography.of(text, FACTS)
    assert [(c.number, c.title, c.link) for c in bibliography.entries] == [
        (1, "Second", True),
        (2, "First", True),
        (3, "First", False),
    ]
    assert [bibliography.of_note(note) for note in text.notes()] == [(1,), (1, 2), (3,)]


def test_a_note_hugs_its_word():
    text = source("## A\n\nIt *fell* [@a-1], then rose [@a-1; @a-2].\n")
    runs = next(text.paragraphs()).runs
    assert flat(runs, Bibliography.of(text, FACTS)) == "It fell[1], then rose[1,2]."


@pytest.mark.parametrize(
    ("url", "leads"),
    [
        ("https://archive.org/", False),
        ("http://turnaround.dpsk12.org", False),
        ("https://a.org/b", True),
        ("https://a.org/?page=2", True),
    ],
)
def test_front_pages_lead_nowhere(url, leads):
    assert leads_to_page(url) is leads


@pytest.mark.parametrize(
    ("plain", "set_"),
    [
        ("""the "district's" plan""", "the “district’s” plan"),
        ("""('extremely risky')""", "(‘extremely risky’)"),
        ("""the '90s - at last""", "the ’90s – at last"),
        ("""teachers' "no excuses," he said""", "teachers’ “no excuses,” he said"),
        ("already “typographic”", "already “typographic”"),
    ],
)
def test_quotation_marks(plain, set_):
    assert curl(plain) == set_


@given(st.text(alphabet="ab '\"([ \n"))
def test_curling_keeps_every_other_character(text):
    back = curl(text).translate(str.maketrans("“”‘’", "\"\"''"))
    assert back.split() == text.split()


def test_a_quotation_mark_after_emphasis_or_a_note_closes():
    text = source('## A\n\n"The *Globe*" [@a-1] said "so."\n')
    runs = next(text.paragraphs()).runs
    assert flat(runs, Bibliography.of(text, FACTS)) == "“The Globe”[1] said “so.”"


def test_the_reading_begins_with_the_title_block_and_ends_with_the_sources():
    entry = Entry("a", "a.pdf", "A town: its schools", "A town", "district", 1, "1.0", "2026-01-02", {})
    lines = expected_text(source("## Time\n\nIt fell [@a-1].\n"), entry, FACTS).split("\n")
    assert lines == [
        "School district · A town",
        "A town: its schools",
        DISCLAIMER,
        "Version 1.0, January 2, 2026",
        "Time",
        "It fell[1].",
        "Sources",
        "1. First. https://a.org/1",
    ]


def test_words_in_order_sees_loss_and_disorder():
    assert words_in_order("a b c d", "x a b\nc d") == 1
    assert words_in_order("a b c d", "a b d") == 0.75
    assert words_in_order("a b c d", "c d a b") == 0.5
    assert words_in_order("the superintendent left", "the superin\ufffe\r\ntendent left") == 1
    assert unbroken("full-time superin\x02tendent") == "full-time superintendent"
