"""Reads the questions that the collection's editors wrote for its pages, and finds the passages they belong to.

`questions.jsonl` beside the collection's catalog.toml has one line a sentence: {document, page, quote, questions}, where
`quote` is how the sentence begins, note numbers left out; with "whole": true they are answered by the passage it stands in,
with "trained": true the cross-encoder has learned from them (`training.written`).
What is no longer on its page is left out: another version of a document simply has fewer questions.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from casebook.errors import UsageError
from casebook.records import WHOLE, Expansion, Passage

FILE = "questions.jsonl"
QUOTED = 60
"""Characters of a sentence that tell it from the others of its page."""

_NOTES = re.compile(r"\[[\d,\s–-]+\]")


@dataclass(frozen=True, slots=True)
class Written:
    """A line of the file."""

    document: str
    page: int
    quote: str
    whole: bool
    trained: bool
    questions: tuple[str, ...]


def version(collection: Path) -> int:
    """A number (CRC-32) that changes with the file; 0 without one."""
    file = collection / FILE
    return zlib.crc32(file.read_bytes()) if file.is_file() else 0


def read(collection: Path) -> list[Written]:
    """All lines of the collection's file, none without one. Raises `UsageError` naming the line that is wrong."""
    file = collection / FILE
    if not file.is_file():
        return []
    return [_line(file, number, line) for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)]


def _line(file: Path, number: int, line: str) -> Written:
    try:
        row = json.loads(line)
        questions = tuple(str(question) for question in row["questions"])
        flags = bool(row.get("whole")), bool(row.get("trained"))
        return Written(str(row["document"]), int(row["page"]), str(row["quote"]), *flags, questions)
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{file}, line {number}: {error}. Mend the line, or remove the file to go without.") from error


def opening(sentence: str) -> str:
    """How a sentence begins, as the file has it: one line, without note numbers."""
    return one_line(sentence)[:QUOTED]


def one_line(text: str) -> str:
    """Without note numbers and line breaks."""
    return " ".join(_NOTES.sub("", text).split())


def place(document: str, passages: Sequence[Passage], written: Sequence[Written]) -> list[Expansion]:
    """The document's questions with their places, in the order of its passages."""
    places: dict[tuple[int, str], tuple[int, int]] = {}
    for number, passage in enumerate(passages):
        for sentence, (start, end) in enumerate(passage.sentences):
            text = passage.text[start - passage.start : end - passage.start]
            places.setdefault((passage.page, opening(text)), (number, sentence))
    found = []
    for line in written:
        here = places.get((line.page, line.quote)) if line.document == document else None
        if here:
            sentence = WHOLE if line.whole else here[1]
            found += [Expansion(here[0], sentence, question) for question in line.questions]
    return sorted(found, key=lambda expansion: expansion.passage)
