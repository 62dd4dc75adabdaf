"""Cuts a paragraph into sentences, each with the facts its notes cite."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from collection.records import Note, Run, Sentence, Text, cited

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
