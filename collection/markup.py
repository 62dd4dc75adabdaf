"""Writes a document as calls of template.typ's functions.

A source's words reach Typst as string literals inside these calls, so no character of theirs can act
as markup; `literal` is all the escaping there is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date
from itertools import pairwise

from collection.expected import (
    CAUTIONS,
    DISCLAIMER,
    Bibliography,
    Cited,
    curl,
    curled,
    eyebrow,
    flat,
    short_title,
    version_line,
)
from collection.records import Block, Entry, Fact, Heading, Note, Numbered, Paragraph, Run, Source, Table

# ---------------------------------------------------------------- words


def literal(text: str) -> str:
    r"""A Typst string literal that evaluates to `text`.

    `say "no" \ #yes` -> `"say \"no\" \\ #yes"`; control characters as \u{..}, which also keeps the
    generated file one call a line.
    """
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]", lambda m: f"\\u{{{ord(m[0]):x}}}", escaped) + '"'


def array(items: Iterable[str]) -> str:
    """A Typst array of expressions: ["1", "2"] -> "(1, 2,)", and "()" for none."""
    return "(" + "".join(f"{item}, " for item in items).rstrip(" ") + ")"


# "full-time", "8-to-6", and "two- and" of "two- and three-year" stay on one line, see b() in template.typ.
# A hyphen before a digit ("2010-11", "K-12") ends no line anyway.
_COMPOUND = re.compile(r"\w[\w.’]*(?:-[\w.’]+)*(?:-[^\W\d_][\w.’]*(?:-[\w.’]+)*|-\s\w+)")


def inline(runs: Iterable[Run], sources: Bibliography) -> str:
    """Runs as arguments of p(), c() and the like: `"in 2010", n(1, 3), "."`."""
    parts: list[str] = []
    for run in curled(runs):
        if isinstance(run, Note):
            parts = _with_note(parts, f"n({', '.join(map(str, sources.of_note(run)))})")
        elif run.emphasis:
            parts.append(f"e({', '.join(words(run.text))})")
        else:
            parts += words(run.text)
    return ", ".join(parts)


def _with_note(parts: list[str], note: str) -> list[str]:
    """Adds a note so that no line breaks before it.

    Typst breaks none after a letter or a digit, but after a box, a bracket or a full stop it may:
    there the note goes into one box with the last word.
    """
    if not parts or re.search(r'\w"$', parts[-1]):
        return [*parts, note]
    *before, last = parts
    if last.startswith("b("):
        return [*before, f"{last[:-1]}, {note})"]
    if match := re.fullmatch(r'"(|.*\s)(\S{1,30})"', last):
        lead = [f'"{match[1]}"'] if match[1] else []
        return [*before, *lead, f'b("{match[2]}", {note})']
    return [*parts, note]


def words(text: str) -> list[str]:
    """Text as string literals with its compounds boxed: `"a "`, `b("full-time")`, `" job"`."""
    parts: list[str] = []
    at = 0
    for match in _COMPOUND.finditer(text):
        parts += [literal(text[at : match.start()])] if match.start() > at else []
        parts.append(f"b({literal(match.group())})")
        at = match.end()
    return parts + ([literal(text[at:])] if at < len(text) or not parts else [])


def address_pieces(url: str) -> list[str]:
    """A URL cut where a line may end: after / ? & = and before a hyphen, so that none ends a line.

    Pieces still long are cut after an underscore too.
    "https://a.org/b-c?d" -> ["https://a.org/", "b", "-c?", "d"]
    """
    pieces = _cut(url, r"(?<![:/])/(?=[^/])|[?&=](?=.)|[^-](?=-)")
    return [part for piece in pieces for part in (_cut(piece, r"_(?=[^_])") if len(piece) > 40 else [piece])]


def _cut(text: str, after: str) -> list[str]:
    ends = [0, *(match.end() for match in re.finditer(after, text)), len(text)]
    return [text[start:end] for start, end in pairwise(ends) if end > start]


# ---------------------------------------------------------------- blocks


def markup(source: Source, entry: Entry, facts: dict[str, Fact]) -> str:
    """The Typst file of a document, to be compiled beside template.typ."""
    sources = Bibliography.of(source, facts)
    lines = ['#import "template.typ": *', f"#show: casebook.with({front_matter(source, entry)})"]
    for section in source.sections:
        if section.heading:
            lines.append(f"#section({literal(curl(section.heading.text))})")
        lines += [f"#{block_call(block, entry, sources)}" for block in section.blocks]
    return "\n".join([*lines, f"#sources({', '.join(map(source_call, sources.entries))})", ""])


def front_matter(source: Source, entry: Entry) -> str:
    day = date.fromisoformat(entry.date)
    caution = CAUTIONS.get(source.id)
    keywords = ["school turnaround", *filter(None, [entry.system])]
    return ", ".join(
        [
            f"title: {literal(curl(entry.title))}",
            f"short: {literal(short_title(entry))}",
            f"eyebrow: {literal(eyebrow(entry))}",
            f"disclaimer: {literal(DISCLAIMER)}",
            f"caution: {literal(caution) if caution else 'none'}",
            f"version: {literal(version_line(entry))}",
            f"keywords: {array(map(literal, keywords))}",
            f"date: datetime(year: {day.year}, month: {day.month}, day: {day.day})",
            f"columns: {entry.columns}",
        ]
    )


def block_call(block: Block, entry: Entry, sources: Bibliography) -> str:
    match block:
        case Heading(text=text):
            return f"subsection({literal(curl(text))})"
        case Paragraph(runs=runs):
            return f"p({inline(runs, sources)})"
        case Numbered(start=start, items=items):
            return f"numbered({start}, {', '.join(f'c({inline(i.runs, sources)})' for i in items)})"
        case Table():
            return table_call(block, entry, sources)


def table_call(table: Table, entry: Entry, sources: Bibliography) -> str:
    header, *rows = [array(f"c({inline(cell, sources)})" for cell in row.cells) for row in (table.header, *table.rows)]
    widths = array(f"{width}fr" for width in column_widths(table, entry, sources))
    return f"facts({widths}, {header}, {', '.join(rows)})"


# Points: the width of a column of text by columns a page (see casebook() in template.typ), of a letter
# in a table, generously, and of a cell's inner margins.
_TEXT_WIDTH = {1: 439.0, 2: 234.0}
_LETTER = 4.6
_INSET = 10.0


def column_widths(table: Table, entry: Entry, sources: Bibliography) -> list[int]:
    """Widths in points, by the columns' mean amount of text, the scant ones a little favored, so that
    rows stay low; no column is narrower than its longest word, since cells are not hyphenated."""
    least, wanted = [], []
    for column in zip(*(row.cells for row in (table.header, *table.rows)), strict=True):
        cells = [flat(cell, sources) for cell in column]
        longest = max((_letters(word) for cell in cells for word in cell.split()), default=1)
        least.append(_INSET + _LETTER * longest)
        wanted.append((sum(map(len, cells)) / len(cells)) ** 0.8)
    return [round(width) for width in _share(_TEXT_WIDTH[entry.columns], wanted, least)]


def _letters(word: str) -> int:
    """A word's length in letters; its note cannot leave it, but is in smaller type."""
    notes = sum(map(len, re.findall(r"\[[\d,]+\]", word)))
    return len(word) - round(0.3 * notes)


def _share(total: float, wanted: Sequence[float], least: Sequence[float]) -> list[float]:
    """Splits total in proportion to wanted, giving nobody under their least.

    100 among wanted (1, 1, 2) with least (40, 0, 0) -> [40, 20, 40]. Too little for all: `least` itself.
    """
    held: set[int] = set()
    while True:
        free = [n for n in range(len(wanted)) if n not in held]
        rest = total - sum(least[n] for n in held)
        weight = sum(wanted[n] for n in free) or 1.0
        short = {n for n in free if rest * wanted[n] / weight < least[n]}
        if not short:
            return [least[n] if n in held else rest * wanted[n] / weight for n in range(len(wanted))]
        held |= short


def source_call(cited: Cited) -> str:
    pieces = array(map(literal, address_pieces(cited.url)))
    target = literal(cited.url) if cited.link else "none"
    return f"source({cited.number}, c({', '.join(words(cited.title + '.'))}), {pieces}, {target})"
