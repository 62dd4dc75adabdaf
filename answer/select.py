"""Which candidates make the answer: the smallest set that is complete for its kind of question, in an order that reads."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from answer.evidence import Candidate, stems
from answer.kinds import NARROW, Question
from answer.quotable import Around, form_of, sentence_text
from casebook.records import Passage


@dataclass(frozen=True, slots=True)
class SelectSettings:
    """`statements` at most (lists and systems come whole beyond it); `redundancy` is the cosine of a repetition.

    The others are how far below the best score a further statement may stay (`system`: where several systems or documents are
    to have their say). Scores are log-odds (see `evals.calibrate`):
    one that is 1 lower is the better of the two in about one case of four. A question that one sentence does not answer has
    `least` statements, one on all systems `voices`, however well the first sums it up: a topic sentence often scores best.
    """

    statements: int = 6
    redundancy: float = 0.88
    within: float = 3.0
    narrow: float = 2.5
    system: float = 4.5
    other_side: float = 3.0
    next_within: float = 7.0
    least: int = 3
    voices: int = 4


_AGAINST = re.compile(
    r"\b(?:not|no|never|none|nor|neither|without|fail\w*|fell|drop\w*|declin\w*|lost|los[et]s?|wors\w*|lower|little|few|"
    r"mixed|flat|"
    r"although|but|however|despite|refus\w*|reject\w*|oppos\w*|doubt\w*|ended|closed|only|cannot|could not|n['’]t|"
    r"unchanged|disput\w*)\b",
    re.IGNORECASE,
)


def select(question: Question, found: Sequence[Candidate], settings: SelectSettings) -> list[Candidate]:
    """Chosen candidates in the order they are shown; `found` is best first. Not empty unless `found` is."""
    if not found:
        return []
    if question.kind == "which_systems":
        several = [c for c in found if len(c.about) > 1 and c.score >= found[0].score - settings.within][:1]
        return several + each_system(found, list(dict.fromkeys(c.system for c in found if c.system)), settings, 1)
    if question.kind == "comparison" and len(question.systems) > 1:
        return each_system(found, question.systems, settings, max(1, settings.statements // len(question.systems)), whole=True)
    if question.kind == "synthesis":
        return grouped(diverse(found, settings.statements, settings, settings.system, per_system=2, least=settings.voices))
    if question.kind == "yes_no":
        return grouped(read_on(both_sides(found, settings), found, settings))
    items = whole_list(question, found)
    if items:
        return items
    if question.kind in NARROW:
        return grouped(diverse(found, min(3, settings.statements), settings, settings.narrow))
    several = diverse(found, settings.statements - 1, settings, settings.within, least=settings.least)
    return grouped(read_on(several, found, settings))


def repeats(one: Candidate, other: Candidate, redundancy: float) -> bool:
    """Whether two quotations say the same: the same place, nearly the same meaning, or nearly all words in common."""
    if set(one.quotable.places) & set(other.quotable.places):
        return True
    if re.findall(r"\d[\d.,]*", _bare(one.text)) != re.findall(r"\d[\d.,]*", _bare(other.text)):
        redundancy = min(0.97, redundancy + 0.07)  # another figure is another fact, however alike the words
    if float(one.vector @ other.vector) >= redundancy:
        return True
    a, b = set(stems(_bare(one.text))), set(stems(_bare(other.text)))
    return len(a & b) / max(1, min(len(a), len(b))) > 0.85


def _bare(text: str) -> str:
    """Without its note numbers: [3,4]."""
    return re.sub(r"\[[\d,\s–-]+\]", "", text)


def diverse(
    found: Sequence[Candidate], count: int, settings: SelectSettings, within: float, per_system: int = 99, least: int = 1
) -> list[Candidate]:
    """The best `count` that do not repeat one another and score at most `within` below the best; `least` in any case."""
    chosen: list[Candidate] = []
    for candidate in found:
        if len(chosen) >= count or (len(chosen) >= least and candidate.score < found[0].score - within):
            break
        if chosen and not (candidate.fits and candidate.named):
            continue
        if sum(c.system == candidate.system for c in chosen) >= per_system:
            continue
        if not any(repeats(candidate, other, settings.redundancy) for other in chosen):
            chosen.append(candidate)
    return chosen


def each_system(
    found: Sequence[Candidate], systems: Sequence[str], settings: SelectSettings, count: int, whole: bool = False
) -> list[Candidate]:
    """The best of each system, in the order given; `whole`: every system, else those not far below the best of all."""
    chosen: list[Candidate] = []
    for system in systems:
        own = [c for c in found if c.system == system]
        if own and (whole or own[0].score >= found[0].score - settings.system):
            chosen += diverse(own, count, settings, settings.within)
    return chosen


def both_sides(found: Sequence[Candidate], settings: SelectSettings) -> list[Candidate]:
    """The best evidence, with at least the best sentence that speaks against and the best that does not, when near enough."""
    chosen = diverse(found, min(4, settings.statements), settings, settings.within, least=settings.least)
    for against in (True, False):
        if any(speaks_against(c.text) == against for c in chosen):
            continue
        other = next((c for c in found[:12] if speaks_against(c.text) == against and c.named), None)
        if (
            other
            and other.score >= found[0].score - settings.other_side
            and not any(repeats(other, c, settings.redundancy) for c in chosen)
        ):
            chosen.append(other)
    return chosen


def read_on(chosen: list[Candidate], found: Sequence[Candidate], settings: SelectSettings) -> list[Candidate]:
    """With the sentence that follows the best one, where there is room: "began with what the principal took away" is
    answered by the sentence after it."""
    added = list(chosen)
    for candidate in chosen:
        if len(added) >= settings.statements:
            break
        after = _following(candidate, found)
        near = after is not None and after.named and after.score >= found[0].score - settings.next_within
        if after and near and not any(repeats(after, other, settings.redundancy) for other in added):
            added.append(after)
    return added


def _following(candidate: Candidate, found: Sequence[Candidate]) -> Candidate | None:
    passage, position = candidate.quotable.sentences[-1]
    return next((c for c in found if c.quotable.sentences[0] == (passage, position + 1)), None)


def speaks_against(text: str) -> bool:
    """Whether a sentence holds a word of denial, decline or doubt: a hint for showing both sides, never a verdict."""
    return bool(_AGAINST.search(text))


def grouped(chosen: Sequence[Candidate]) -> list[Candidate]:
    """By system, the best one's first; the best quotation leads, the others of its system follow as they stand on the page."""
    systems = list(dict.fromkeys(c.system for c in chosen))
    order: list[Candidate] = []
    for number, system in enumerate(systems):
        own = [c for c in chosen if c.system == system]
        rest = sorted(own[1:] if number == 0 else own, key=lambda c: c.quotable.key)
        order += ([own[0]] if number == 0 else []) + rest
    return order


def whole_list(question: Question, found: Sequence[Candidate]) -> list[Candidate]:
    """The whole list when the best evidence is one of its items or the sentence before it; that sentence comes first."""
    best = found[0]
    lead = best if best.text.rstrip(" []0123456789,").endswith(":") else None
    if best.quotable.form == "item" and best.quotable.context and question.kind == "list":
        lead = next((c for c in found if c.text == best.quotable.context), None)
    if lead is None:
        return []
    items = [c for c in found if c.quotable.form == "item" and c.quotable.context == lead.text]
    return [lead, *sorted(items, key=lambda c: c.quotable.key)] if len(items) > 1 else []


def with_lists(passages: Sequence[Passage], around: Around) -> list[Passage]:
    """The passages, and where one ends in the middle of a list, those that hold the rest."""
    found = {passage.id: passage for passage in passages}
    for passage in passages:
        for step in (1, 0):
            here = passage
            for _ in range(3):
                edge = here.sentences[-1 if step else 0] if here.sentences else None
                if edge is None or not _in_list(sentence_text(here, len(here.sentences) - 1 if step else 0), bool(step)):
                    break
                neighbor = around(here)[step]
                if neighbor is None or neighbor.heading != passage.heading:
                    break
                here = neighbor
                found.setdefault(here.id, here)
    return list(found.values())


def _in_list(text: str, forward: bool) -> bool:
    return form_of(text) == "item" or (forward and text.rstrip(" []0123456789,").endswith(":"))
