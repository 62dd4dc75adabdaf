"""What a PDF of the collection should read as, so that a test can hold an extraction to it.

`reading` turns a source into the order in which a reader meets its words: title block, headings,
paragraphs, cells, the Sources list. Running headers and footers are left out. Both the build
(typeset.py) and the tests start from it, so a word can be missing from neither unnoticed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from urllib.parse import urlsplit

from rapidfuzz.distance import LCSseq

from collection.records import (
    Entry,
    Fact,
    Heading,
    Note,
    Numbered,
    Paragraph,
    Run,
    Source,
    Table,
    Text,
)

DISCLAIMER = (
    "Written for the Turnaround Casebook from public sources. "
    "Not written, reviewed or endorsed by Education Resource Strategies."
)
KINDS = {
    "district": "School district",
    "operator": "School operator",
    "summary": "Executive summary",
    "overview": "Overview",
}
# Rocketship stands in ERS's collection, but its schools are new ones.
CAUTIONS = {
    "rocketship": "Rocketship opens new schools rather than turning old ones around. "
    "It is not a turnaround operator in the usual sense."
}


@dataclass(frozen=True, slots=True)
class Cited:
    """One source of a document's Sources list. `link` is False for addresses that only lead near it."""

    number: int  # 1-based, in order of first use
    title: str
    url: str
    link: bool


@dataclass(frozen=True, slots=True)
class Bibliography:
    """A document's distinct sources (title and address) and which number each fact's note shows."""

    entries: tuple[Cited, ...]
    numbers: dict[str, int]

    @classmethod
    def of(cls, source: Source, facts: dict[str, Fact]) -> Bibliography:
        """Raises KeyError for a fact that is not there; run collection.claims first."""
        keys: dict[tuple[str, str], int] = {}
        numbers: dict[str, int] = {}
        for id in source.facts():
            fact = facts[id]
            numbers[id] = keys.setdefault((curl(fact.source_title), fact.source_url), len(keys) + 1)
        entries = [Cited(n, title, url, leads_to_page(url)) for (title, url), n in keys.items()]
        return cls(tuple(entries), numbers)

    def of_note(self, note: Note) -> tuple[int, ...]:
        """Rising; two facts of one source give one number: `[@a-6; @a-1; @a-2]` -> (1, 4)."""
        return tuple(sorted({self.numbers[fact] for fact in note.facts}))


def leads_to_page(url: str) -> bool:
    """False for a site's or an archive's front page: eight facts name nothing closer.

    "https://www.dpsk12.org/" -> False; "https://web.archive.org/web/2011/http://a.org/b" -> True.
    """
    parts = urlsplit(url)
    return bool(parts.path.strip("/") or parts.query)


def curl(text: str) -> str:
    """Straight quotation marks and spaced hyphens become typographic; white space collapses, its ends stay.

    `the "district's" plan` -> `the “district’s” plan`
    """
    text = re.sub(r"\s+", " ", text).replace(" - ", " – ")
    text = re.sub(r"'(?=\d\ds\b)", "’", text)
    text = re.sub(r"(^|[\s(\[“‘—–/-])\"(?=\S)", r"\1“", text)
    text = re.sub(r"(^|[\s(\[“‘—–/-])'(?=\S)", r"\1‘", text)
    return text.replace('"', "”").replace("'", "’")


def curled(runs: Iterable[Run]) -> Iterator[Run]:
    """Runs as they are set: quotation marks typographic, no space before a note.

    A mark's direction depends on what stands before it, also when that is in the run before.
    """
    runs, before = list(runs), " "
    for place, run in enumerate(runs):
        if isinstance(run, Note):
            yield run
            before = "]"
            continue
        text = curl(before + run.text)[len(before) :] if before.strip() else curl(run.text)
        if place + 1 < len(runs) and isinstance(runs[place + 1], Note):
            text = text.rstrip()
        yield Text(text, run.emphasis)
        before = run.text[-1:] or before


def short_title(entry: Entry) -> str:
    """What stands in the running header: "Boston Public Schools: twelve ..." -> "Boston Public Schools"."""
    return curl(entry.title.partition(":")[0])


def eyebrow(entry: Entry) -> str:
    """ "School district · Boston"; the kind alone where a document is about no one system."""
    return " · ".join(filter(None, [KINDS.get(entry.kind, entry.kind.capitalize()), entry.system]))


def version_line(entry: Entry) -> str:
    """ "Version 1.0, November 23, 2026"; English month names whatever the machine's locale."""
    months = "January February March April May June July August September October November December"
    day = date.fromisoformat(entry.date)
    return f"Version {entry.version}, {months.split()[day.month - 1]} {day.day}, {day.year}"


# ---------------------------------------------------------------- the words in order


def reading(source: Source, entry: Entry, facts: dict[str, Fact]) -> Iterator[str]:
    """The document's lines in reading order: one a heading, paragraph, list item, cell or source."""
    sources = Bibliography.of(source, facts)
    yield from (eyebrow(entry), curl(entry.title), DISCLAIMER)
    if caution := CAUTIONS.get(source.id):
        yield caution
    yield version_line(entry)
    for section in source.sections:
        if section.heading:
            yield curl(section.heading.text)
        for block in section.blocks:
            yield from _lines(block, sources)
    yield "Sources"
    for cited in sources.entries:
        yield f"{cited.number}. {cited.title}. {cited.url}"


def _lines(block: Heading | Paragraph | Numbered | Table, sources: Bibliography) -> Iterator[str]:
    match block:
        case Heading(text=text):
            yield curl(text)
        case Paragraph(runs=runs):
            yield flat(runs, sources)
        case Numbered(start=start, items=items):
            for number, item in enumerate(items, start):
                yield f"{number}. {flat(item.runs, sources)}"
        case Table(header=header, rows=rows):
            for row in (header, *rows):
                yield from (flat(cell, sources) for cell in row.cells)


def flat(runs: Iterable[Run], sources: Bibliography) -> str:
    """Runs as one line with note numbers: "in 2010[1,3]."."""
    parts = []
    for run in curled(runs):
        if isinstance(run, Note):
            parts.append(f"[{','.join(map(str, sources.of_note(run)))}]")
        else:
            parts.append(run.text)
    return "".join(parts).strip()


def expected_text(source: Source, entry: Entry, facts: dict[str, Fact]) -> str:
    return "\n".join(reading(source, entry, facts))


# ---------------------------------------------------------------- comparing


def unbroken(text: str) -> str:
    """An extraction with hyphens at line ends taken back.

    PDFium shows such a hyphen as U+0002 (page text) or U+FFFE (single characters), and no line break
    after it. The build breaks no line at a hyphen of the text itself, so every such mark goes.
    """
    return re.sub("[\u0002\ufffe\u00ad]\\s*", "", text)


def tokens(text: str) -> list[str]:
    """Words and numbers, for comparing: "in 2010[1,3]." -> in, 2010, 1, 3."""
    return re.findall(r"\w+", text)


def words_in_order(expected: str, extracted: str) -> float:
    """Share of expected words that stand in the extraction in the same order, 0 to 1."""
    wanted = tokens(expected)
    return LCSseq.similarity(wanted, tokens(unbroken(extracted))) / max(len(wanted), 1)
