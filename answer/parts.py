"""A question on several systems taken apart into questions that can be searched and weighed by themselves."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from answer.kinds import Question, understand

_BETWEEN = re.compile(
    r"[,;]?\s+(?:and|while|but|whereas)\s+(?=(?:how|what|which|who|whom|when|where|why|did|was|were)\b)|;\s+|"
    r"[,;]\s+(?=(?:how|what|which|who|whom|when|where|why)\b)",
    re.IGNORECASE,
)
_COMPARING = re.compile(
    r"\b(?:compare[ds]?(?: (?:with|to))?|comparisons? (?:of|between)|differ(?:s|ed|ent|ently|ences?)?(?: (?:between|from|in))?|"
    r"versus|vs\.?|unlike|in common|in contrast|similarit(?:y|ies)(?: between)?|alike|both|each|respectively|in what way)\b",
    re.IGNORECASE,
)
_AND = r"(?:,|\b(?:and|or|with|to)\b)\s*(?:\b(?:at|in|of|on|from)\b\s*)?"
MOST_APART = 4
"""Systems a comparison names at most to be asked about each by itself."""


def clauses(question: Question, names: Mapping[str, Sequence[str]]) -> list[Question]:
    """The questions inside a comparison that asks one thing of one system and another of the next; else the question alone.

    "Which Boston schools left the list, and how far did Devonshire get?" -> two questions
    """
    if question.kind != "comparison" or len(question.systems) < 2:
        return [question]
    parts = [understand(part, names) for part in _BETWEEN.split(question.text)]
    found = [part for part in parts if part.systems and set(part.systems) < set(question.systems)]
    covered = {system for part in found for system in part.systems}
    return found if len(found) == len(parts) and covered == set(question.systems) else [question]


def apart(question: Question, names: Mapping[str, Sequence[str]]) -> list[Question]:
    """A comparison of a few named systems as a question about each: without the words that compare and the others' names.

    "How do Mastery and ReNEW differ in staffing?" -> "How do Mastery staffing?", "How do ReNEW staffing?": what is searched and
    weighed is words, not grammar. Any other question alone.
    """
    if question.kind != "comparison" or not 2 <= len(question.systems) <= MOST_APART:
        return [question]
    texts = {system: _without_others(question, system, names) for system in question.systems}
    if any(not _calls(system, names).search(text) for system, text in texts.items()):
        return [question]
    return [replace(understand(text, names), systems=(system,)) for system, text in texts.items()]


def _without_others(question: Question, system: str, names: Mapping[str, Sequence[str]]) -> str:
    text = question.text
    for other in question.systems:
        if other != system:
            called = _calls(other, {other: [n for n in names.get(other, ()) if n not in names.get(system, ())]}).pattern
            text = re.sub(rf"(?:{_AND})(?:{called})|(?:{called})(?:\s*{_AND})?", " ", text, flags=re.IGNORECASE)
    return re.sub(r"\s+", " ", _COMPARING.sub(" ", text)).strip(" ,")


def _calls(system: str, names: Mapping[str, Sequence[str]]) -> re.Pattern[str]:
    """Any of the names of a system, longest first."""
    known = sorted({system, *names.get(system, ())}, key=lambda name: (-len(name), name))
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, known))})\b(?:['’]s?)?", re.IGNORECASE)
