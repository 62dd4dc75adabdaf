"""Which system a title is about, and whether a document is one of the eleven originals.

All of it is judged by words that stand there: the names and aliases in a catalog, and the originals' titles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.catalog import Entry

OURS = "written for the turnaround casebook"
"""What every brief of the bundled collection says on its first page: a brief is never an original."""

_ERS = re.compile(r"education resource strategies|\bERS\b|erstrategies", re.IGNORECASE)
_LIKELY = re.compile(r"case stud(?:y|ies)|turnaround|profile|executive summary", re.IGNORECASE)


def originals_of(known: Iterable[Entry]) -> list[Entry]:
    """The entries that an ERS document of its own stands behind: all but the overview."""
    return [entry for entry in known if entry.values.get("kind") != "overview" and entry.values.get("original_title")]


def flat(text: str) -> str:
    """Letters and digits, words parted by one space, casefolded: "Case_Study (2).pdf" -> "case study 2 pdf"."""
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))


def about(title: str, known: Sequence[Entry]) -> Entry | None:
    """The one entry a title is about, or None when it names none or several.

    An original's whole title decides first. A school operator named beside its city stands for itself ("AUSL in
    Chicago"); the summary is meant only where no system is named.
    """
    words = f" {flat(title)} "
    whole = [entry for entry in known if f" {flat(str(entry.values.get('original_title', '')))} " in words]
    if len(whole) == 1:
        return whole[0]
    named = [entry for entry in known if any(_stands_in(name, title) for name in names(entry))]
    for kind in ("operator", "district", "summary"):
        of_kind = [entry for entry in named if entry.values.get("kind") == kind]
        if of_kind:
            return of_kind[0] if len(of_kind) == 1 else None
    return None


def names(entry: Entry) -> set[str]:
    """The system's name and its aliases."""
    return {str(entry.values.get("system", "")), *map(str, entry.values.get("aliases", ()))} - {""}


def _stands_in(name: str, text: str) -> bool:
    """Whole words; an acronym only in capitals, or "cps" in an address would be two districts."""
    if name.isupper():
        return re.search(rf"(?<![^\W_]){re.escape(name)}(?![^\W_])", text) is not None
    return f" {flat(name)} " in f" {flat(text)} "


def match_originals(labels: Sequence[str], known: Sequence[Entry]) -> dict[str, int]:
    """Entry id -> index of the label that names its original. A label that names none or several is left out."""
    found: dict[str, int] = {}
    for index, label in enumerate(labels):
        entry = about(label, originals_of(known))
        if entry and entry.id not in found:
            found[entry.id] = index
    return found


def recognize(titles: Sequence[str], stem: str, opening: str, author: str, known: Sequence[Entry]) -> Entry | None:
    """The entry whose original a document is, or None.

    `titles` are what may be its title (metadata, first page's headings), `stem` its file's name, `opening` the text of its
    first pages. It is one when its file has the name `originals --fetch` gives it; when one of its titles is an original's
    title and the text is about turnaround; or when it names ERS and its title or file name says which case study it is.
    """
    if OURS in " ".join(opening.casefold().split()):
        return None
    candidates = originals_of(known)
    by_name = [entry for entry in candidates if stem == f"{entry.id}-original"]
    if by_name:
        return by_name[0]
    if not re.search("turnaround", " ".join([opening, stem, *titles]), re.IGNORECASE):
        return None
    joined = [*titles, " ".join(titles)]
    exact = [e for e in candidates if flat(str(e.values["original_title"])) in map(flat, joined)]
    if len(exact) == 1:
        return exact[0]
    if not _ERS.search(f"{opening} {author} {stem.replace('_', ' ')}"):
        return None
    likely = [text for text in (" ".join(titles), re.sub(r"[_-]+", " ", stem)) if _LIKELY.search(text)]
    found = [one for text in likely if (one := about(text, candidates))]
    return found[0] if found else None
