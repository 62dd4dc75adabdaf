"""What a document is made from, as records: facts, a source's sections and blocks, its catalog entry.

A `Source` holds `Section`s, a section holds blocks (`Heading`, `Paragraph`, `Numbered`, `Table`), a block
holds runs (`Text`, `Note`) and, for prose, `Sentence`s with the ids of the facts they cite. Line numbers
are 1-based lines of the source file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Fact:
    """One claim with its figures and the public page it was read on. `note` is for us, not for readers."""

    id: str
    theme: str
    claim: str
    figures: str
    period: str
    source_title: str
    source_url: str
    confidence: str  # high, medium or low
    note: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One [[document]] of catalog.toml: the keys this package needs; `keys` holds all of them."""

    id: str
    file: str
    title: str
    system: str
    kind: str
    columns: int
    version: str
    date: str  # ISO 8601 day
    keys: dict[str, object] = field(hash=False, compare=False)


@dataclass(frozen=True, slots=True)
class Text:
    text: str
    emphasis: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    facts: tuple[str, ...]


Run = Text | Note


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence without its notes. `facts` are the ids its notes cite, in order, each once."""

    text: str
    facts: tuple[str, ...]
    line: int
    note_is_late: bool = False  # a note stands after the full stop of the sentence before


@dataclass(frozen=True, slots=True)
class Heading:
    level: int
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Paragraph:
    runs: tuple[Run, ...]
    line: int
    sentences: tuple[Sentence, ...]


@dataclass(frozen=True, slots=True)
class Numbered:
    """A numbered list; its items are paragraphs."""

    start: int
    items: tuple[Paragraph, ...]
    line: int


@dataclass(frozen=True, slots=True)
class Row:
    cells: tuple[tuple[Run, ...], ...]
    line: int

    @property
    def facts(self) -> tuple[str, ...]:
        return cited(run for cell in self.cells for run in cell)

    @property
    def text(self) -> str:
        """The cells' words without notes, cells set apart by ` | `."""
        return " | ".join(plain(cell) for cell in self.cells)


@dataclass(frozen=True, slots=True)
class Table:
    header: Row
    rows: tuple[Row, ...]
    line: int


Block = Heading | Paragraph | Numbered | Table


@dataclass(frozen=True, slots=True)
class Section:
    """A `## ` heading and what follows it. `heading` is None for text before the first heading."""

    heading: Heading | None
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    path: Path
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


@dataclass(frozen=True, slots=True)
class Source:
    id: str
    path: Path
    sections: tuple[Section, ...]
    problems: tuple[Problem, ...] = ()

    def blocks(self) -> Iterator[Block]:
        for section in self.sections:
            yield from section.blocks

    def paragraphs(self) -> Iterator[Paragraph]:
        """Paragraphs and list items, in order."""
        for block in self.blocks():
            if isinstance(block, Paragraph):
                yield block
            elif isinstance(block, Numbered):
                yield from block.items

    def sentences(self) -> Iterator[Sentence]:
        for paragraph in self.paragraphs():
            yield from paragraph.sentences

    def tables(self) -> Iterator[Table]:
        return (block for block in self.blocks() if isinstance(block, Table))

    def facts(self) -> tuple[str, ...]:
        """Ids of all facts cited, in reading order, each once."""
        return tuple(dict.fromkeys(fact for note in self.notes() for fact in note.facts))

    def notes(self) -> Iterator[Note]:
        for block in self.blocks():
            for runs in block_runs(block):
                yield from (run for run in runs if isinstance(run, Note))


def block_runs(block: Block) -> Iterator[tuple[Run, ...]]:
    """The lines of runs of one block in reading order; a table gives one line per cell."""
    match block:
        case Paragraph(runs=runs):
            yield runs
        case Numbered(items=items):
            yield from (item.runs for item in items)
        case Table(header=header, rows=rows):
            for row in (header, *rows):
                yield from row.cells


def cited(runs: Iterable[Run]) -> tuple[str, ...]:
    """Fact ids of the notes among runs, in order, each once."""
    return tuple(dict.fromkeys(fact for run in runs if isinstance(run, Note) for fact in run.facts))


def plain(runs: Iterable[Run]) -> str:
    """The words of runs without their notes, white space collapsed.

    "entered in 2010 [@boston-002]." -> "entered in 2010."
    """
    text = "".join(run.text if isinstance(run, Text) else "\0" for run in runs)
    return " ".join(re.sub(r"\s*\0", "", text).split())
