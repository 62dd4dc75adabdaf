"""Reads what a document is made from: its Markdown source, the facts it may cite, its catalog entry.

A source is Markdown with tables, parsed with markdown-it-py into frozen records: a `Source` holds
`Section`s, a section holds blocks (`Heading`, `Paragraph`, `Numbered`, `Table`), a block holds runs
(`Text`, `Note`) and, for prose, `Sentence`s with the ids of the facts they cite. Notes are written
`[@boston-002; @boston-006]`. Line numbers are 1-based lines of the source file.

What a source must not hold (links, HTML, bullet lists, ...) does not stop the parse: it is kept in
`Source.problems`, so that `collection.claims` can report every one of them with its line.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parent

# ---------------------------------------------------------------- records


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


# ---------------------------------------------------------------- facts and catalog


def read_facts(folder: Path = ROOT / "facts") -> dict[str, Fact]:
    """All facts by id. Raises ValueError for an id that stands twice."""
    facts: dict[str, Fact] = {}
    for path in sorted(folder.glob("*.yaml")):
        for row in yaml.safe_load(path.read_text(encoding="utf-8")) or []:
            fact = Fact(**{key: str(value) if value is not None else "" for key, value in row.items()})
            if fact.id in facts:
                raise ValueError(f"{path}: {fact.id} stands twice")
            facts[fact.id] = fact
    return facts


def read_catalog(path: Path = ROOT / "catalog.toml") -> dict[str, Entry]:
    """Catalog entries by id, in the file's order. Raises ValueError naming a missing key."""
    entries: dict[str, Entry] = {}
    for keys in tomllib.loads(path.read_text(encoding="utf-8")).get("document", []):
        try:
            entries[keys["id"]] = Entry(
                id=keys["id"],
                file=keys["file"],
                title=keys["title"],
                system=keys.get("system", ""),
                kind=keys["kind"],
                columns=int(keys.get("columns", 1)),
                version=str(keys["version"]),
                date=str(keys["date"]),
                keys=keys,
            )
        except KeyError as missing:
            raise ValueError(f"{path}: document {keys.get('id', '?')} lacks {missing}") from None
    return entries


# ---------------------------------------------------------------- Markdown to records

NOTE = re.compile(r"\[(@[a-z0-9_-]+(?:\s*;\s*@[a-z0-9_-]+)*)\]")
# Everything a source may hold; any other token is a problem.
ALLOWED = {
    "heading_open", "heading_close", "paragraph_open", "paragraph_close", "inline",
    "ordered_list_open", "ordered_list_close", "list_item_open", "list_item_close",
    "table_open", "table_close", "thead_open", "thead_close", "tbody_open", "tbody_close",
    "tr_open", "tr_close", "th_open", "th_close", "td_open", "td_close",
    "text", "softbreak", "em_open", "em_close", "text_special",
}  # fmt: skip
REFUSED_NAMES = {
    "link_open": "a link", "image": "an image", "html_inline": "HTML", "html_block": "HTML",
    "bullet_list_open": "a bullet list", "strong_open": "strong emphasis", "code_inline": "code",
    "code_block": "code", "fence": "code", "blockquote_open": "a block quotation", "hr": "a rule",
    "hardbreak": "a hard line break",
}  # fmt: skip


def parse(text: str, id: str, path: Path) -> Source:
    """A source's Markdown as records."""
    # Typographic replacement stays off: what the writer typed is what is checked and typeset.
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    return _Parser(id, path).run(tokens)


def read_source(id: str, folder: Path = ROOT / "sources") -> Source:
    path = folder / f"{id}.md"
    return parse(path.read_text(encoding="utf-8"), id, path)


class _Parser:
    """Walks the flat token list once; nesting is at most list > item > paragraph or table > row > cell."""

    def __init__(self, id: str, path: Path) -> None:
        self.id, self.path = id, path
        self.problems: list[Problem] = []
        self.sections: list[tuple[Heading | None, list[Block]]] = [(None, [])]

    def run(self, tokens: list[Token]) -> Source:
        index = 0
        while index < len(tokens):
            index = self.block(tokens, index)
        sections = tuple(Section(h, tuple(blocks)) for h, blocks in self.sections if h or blocks)
        return Source(self.id, self.path, sections, tuple(self.problems))

    def block(self, tokens: list[Token], index: int) -> int:
        """Reads the block at index; returns the index after it."""
        token = tokens[index]
        line = token.map[0] + 1 if token.map else 0
        self.refuse(token, line)
        out = self.sections[-1][1]
        if token.type == "heading_open":
            heading = Heading(int(token.tag[1]), plain(self.runs(tokens[index + 1])), line)
            if heading.level == 2:
                self.sections.append((heading, []))
            else:
                out.append(heading)
            return index + 3
        if token.type == "inline":
            out.append(self.paragraph(token))
        elif token.type == "ordered_list_open":
            end = _close(tokens, index)
            items = tuple(self.paragraph(t) for t in tokens[index:end] if t.type == "inline")
            for inner in tokens[index + 1 : end]:
                self.refuse(inner, inner.map[0] + 1 if inner.map else line)
                if inner.type == "ordered_list_open":
                    self.problems.append(Problem(self.path, line, "a list inside a list"))
            out.append(Numbered(int(token.attrs.get("start", 1)), items, line))
            return end + 1
        elif token.type == "table_open":
            end = _close(tokens, index)
            out.append(self.table(tokens[index : end + 1], line))
            return end + 1
        return index + 1

    def table(self, tokens: list[Token], line: int) -> Table:
        rows: list[Row] = []
        cells: list[tuple[Run, ...]] = []
        row_line = line
        for token in tokens:
            if token.type == "tr_open":
                cells, row_line = [], token.map[0] + 1 if token.map else line
            elif token.type == "inline":
                # Cells carry the map of their row only.
                cells.append(self.runs(token, row_line))
            elif token.type == "tr_close":
                rows.append(Row(tuple(cells), row_line))
        return Table(rows[0], tuple(rows[1:]), line)

    def paragraph(self, token: Token) -> Paragraph:
        line = token.map[0] + 1 if token.map else 0
        runs = self.runs(token, line)
        return Paragraph(runs, line, tuple(split_sentences(runs, line)))

    def runs(self, inline: Token, line: int = 0) -> tuple[Run, ...]:
        line = line or (inline.map[0] + 1 if inline.map else 0)
        runs: list[Run] = []
        emphasis = False
        # markdown-it may cut "[@a; @b]" into several text tokens: join first, look for notes after.
        pieces: list[tuple[str, bool]] = []
        for token in inline.children or []:
            self.refuse(token, line)
            if token.type in ("em_open", "em_close"):
                emphasis = token.type == "em_open"
            elif token.type in ("softbreak", "hardbreak"):
                pieces.append(("\n", emphasis))
                line += 1
            elif token.content:
                pieces.append((token.content, emphasis))
        for text, emphasis in _joined(pieces):
            for number, part in enumerate(NOTE.split(text)):
                if number % 2:
                    runs.append(Note(tuple(re.findall(r"@([a-z0-9_-]+)", part))))
                elif part:
                    runs.append(Text(part, emphasis))
        return tuple(runs)

    def refuse(self, token: Token, line: int) -> None:
        if token.type not in ALLOWED and not token.type.endswith("_close"):
            name = REFUSED_NAMES.get(token.type, token.type)
            self.problems.append(Problem(self.path, line, f"{name} (see README: The form)"))


def _joined(pieces: list[tuple[str, bool]]) -> Iterator[tuple[str, bool]]:
    text, style = "", False
    for part, emphasis in pieces:
        if text and emphasis != style:
            yield text, style
            text = ""
        text, style = text + part, emphasis
    if text:
        yield text, style


def _close(tokens: list[Token], index: int) -> int:
    """Index of the token that closes the one at index."""
    depth = 0
    for number in range(index, len(tokens)):
        depth += tokens[number].nesting
        if depth == 0:
            return number
    return len(tokens) - 1


# ---------------------------------------------------------------- sentences

# A full stop after one of these, or after a single letter, ends no sentence unless the next word is
# one that names do not begin with: "in the U.S. The district", but "P.S. 12", "Dr. Ruiz", "J. Smith".
_ABBREVIATIONS = {
    "dr", "mr", "mrs", "ms", "st", "jr", "sr", "vs", "no", "nos", "p.s", "u.s", "d.c", "e.g", "i.e",
    "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sept", "sep", "oct", "nov", "dec", "mass",
    "ph.d", "ed.d", "m.s", "i.s", "c", "approx", "inc", "a.m", "p.m",
}  # fmt: skip
_STARTERS = {
    "the", "a", "an", "in", "it", "its", "by", "that", "this", "these", "those", "they", "their", "at", "on",
    "for", "from", "after", "before", "but", "and", "when", "where", "while", "each", "all", "both", "one",
}  # fmt: skip
_STOP = re.compile(r"[.!?][\"'”’)\]]*(?=\s)")


def split_sentences(runs: Iterable[Run], line: int) -> Iterator[Sentence]:
    """The sentences of a paragraph.

    "Ten closed in 2010 [@a-1]. It cost $2.5 million [@a-2]." -> two sentences, one fact id each.
    """
    runs = list(runs)
    # One private-use character per note keeps offsets simple; it cannot come from a source's text.
    notes = [run for run in runs if isinstance(run, Note)]
    text = "".join(run.text if isinstance(run, Text) else "\ue000" for run in runs)
    counter = 0
    start = 0
    for end in [*_sentence_ends(text), len(text)]:
        piece = text[start:end]
        if not piece.strip():
            start = end
            continue
        here = notes[counter : counter + piece.count("\ue000")]
        counter += len(here)
        lead = len(piece) - len(piece.lstrip())
        yield Sentence(
            text=" ".join(re.sub(r"\s*\ue000", "", piece).split()),
            facts=cited(here),
            line=line + text[: start + lead].count("\n"),
            note_is_late=piece.lstrip().startswith("\ue000"),
        )
        start = end


def _sentence_ends(text: str) -> Iterator[int]:
    for match in _STOP.finditer(text):
        after = text[match.end() :].lstrip()
        if not after or after[0].islower() or after[0] in ",;:":
            continue
        before = re.search(r"[\w.]*$", text[: match.start()])
        word = before.group().lower() if before else ""
        short = word in _ABBREVIATIONS or (len(word) == 1 and word.isalpha())
        if match.group()[0] == "." and short and after.split()[0].lower() not in _STARTERS:
            continue
        yield match.end()
