"""Markdown to records: sentences, their notes and lines, tables, what is refused."""

from pathlib import Path

import pytest

from collection.records import Note, Numbered, Table, Text
from collection.sentences import split_sentences
from collection.sources import parse, read_catalog, read_facts

SAMPLE = """## Overview

Ten closed in 2010 [@a-1]. It cost
$2.5 million [@a-2; @a-3]. Dr. Ruiz of P.S. 12 left.

1. Keep *people* [@a-1].
2. Move costs.

### Detail

| Fact | Figure |
|---|---|
| Schools | 12 [@a-1] |
"""


def source(text=SAMPLE):
    return parse(text, "a", Path("a.md"))


def test_sentences_carry_their_notes_and_lines():
    found = [(s.text, s.facts, s.line) for s in source().sentences()]
    assert found == [
        ("Ten closed in 2010.", ("a-1",), 3),
        ("It cost $2.5 million.", ("a-2", "a-3"), 3),
        ("Dr. Ruiz of P.S. 12 left.", (), 4),
        ("Keep people.", ("a-1",), 6),
        ("Move costs.", (), 7),
    ]


def test_blocks_in_order():
    (section,) = source().sections
    assert section.heading.text == "Overview"
    kinds = [type(block).__name__ for block in section.blocks]
    assert kinds == ["Paragraph", "Numbered", "Heading", "Table"]
    numbered, table = section.blocks[1], section.blocks[3]
    assert isinstance(numbered, Numbered) and numbered.start == 1 and len(numbered.items) == 2
    assert isinstance(table, Table) and table.rows[0].text == "Schools | 12"
    assert table.rows[0].facts == ("a-1",) and table.rows[0].line == 13
    assert source().facts() == ("a-1", "a-2", "a-3")


def test_emphasis_and_notes_are_runs():
    paragraph = next(source("The *Globe* [@a-1] wrote.\n").paragraphs())
    assert paragraph.runs == (
        Text("The "),
        Text("Globe", True),
        Text(" "),
        Note(("a-1",)),
        Text(" wrote."),
    )


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("It moved to the U.S. The board met.", 2),
        ("He said so in the U.S. Department report.", 1),
        ('It was "done." Then it stopped.', 2),
        ("J. Smith of St. Louis left in Nov. 2010. He was 40.", 2),
        ("Was it? Yes! It was.", 3),
        ("It rose 3.5 points.", 1),
    ],
)
def test_where_a_sentence_ends(text, count):
    assert len(list(split_sentences([Text(text)], 1))) == count


def test_a_note_after_the_full_stop_is_seen():
    late = list(split_sentences([Text("Ten closed. "), Note(("a-1",))], 1))
    assert [s.note_is_late for s in late] == [False, True]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("See [this](http://a.org).", "a link"),
        ("A <b>bold</b> word.", "HTML"),
        ("<div>\n</div>", "HTML"),
        ("- a\n- b", "a bullet list"),
        ("**loud**", "strong emphasis"),
        ("![x](y.png)", "an image"),
        ("> quoted", "a block quotation"),
        ("1. a\n   1. b", "a list inside a list"),
        ("    code", "code"),
    ],
)
def test_what_a_source_must_not_hold(text, name):
    assert any(name in problem.text for problem in source(f"## A\n\n{text}\n").problems)


def test_facts_and_catalog_of_the_collection_are_read():
    facts, entries = read_facts(), read_catalog()
    assert len(entries) == 12
    assert all(fact.confidence in ("high", "medium", "low") for fact in facts.values())
    assert all(fact.source_title and fact.source_url for fact in facts.values())


def test_an_id_that_stands_twice_is_an_error(tmp_path):
    row = "- {id: a-1, theme: t, claim: c, figures: '', period: '', source_title: s, source_url: u,"
    row += " confidence: high}\n"
    (tmp_path / "a.yaml").write_text(row * 2)
    with pytest.raises(ValueError, match="a-1 stands twice"):
        read_facts(tmp_path)


def test_a_catalog_entry_names_what_it_lacks(tmp_path):
    (tmp_path / "catalog.toml").write_text('[[document]]\nid = "a"\nfile = "a.pdf"\n')
    with pytest.raises(ValueError, match="document a lacks 'title'"):
        read_catalog(tmp_path / "catalog.toml")
