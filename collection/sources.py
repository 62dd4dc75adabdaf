"""Reads what a document is made from: its Markdown source, the facts it may cite, its catalog entry.

A source is Markdown with tables, parsed with markdown-it-py into the frozen records of
`collection.records`. Notes are written `[@boston-002; @boston-006]`.

What a source must not hold (links, HTML, bullet lists, ...) does not stop the parse: it is kept in
`Source.problems`, so that `collection.claims` can report every one of them with its line.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import yaml
from markdown_it import MarkdownIt
from markdown_it.token import Token

from collection.records import (
    Block,
    Entry,
    Fact,
    Heading,
    Note,
    Numbered,
    Paragraph,
    Problem,
    Row,
    Run,
    Section,
    Source,
    Table,
    Text,
    plain,
)
from collection.sentences import split_sentences

ROOT = Path(__file__).resolve().parent

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
