"""Whether to answer: signals of the best quotations -> a calibrated confidence -> answer or abstain.

The weights come from a logistic regression (Platt, 1999) over the signals, fitted on development questions only by
`python -m evals.calibrate`; `calibration.json` holds them with the command and commit that made them. An operating point is
a confidence below which the answer abstains.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence

from answer.evidence import Candidate, sigmoid, stems
from answer.kinds import NARROW, Question
from answer.weights import calibration

POINTS = ("careful", "balanced", "generous")
SIGNALS = (
    "score",
    "lead",
    "verdict",
    "passage_verdict",
    "first_verdict",
    "judged",
    "meaning",
    "rarest_missing",
    "names_missing",
    "names_absent",
    "years_missing",
    "fits",
    "asked",
    "narrow",
)
"""What the confidence is made of, in this order; see `signals`."""

EVEN = 0.5
"""How near a written question is (`index.expansions.nearness`) that speaks neither for nor against an answer."""

_NAME = re.compile(r"(?<!^)(?<![.?!] )\b[A-Z][\w’'-]*")
_YEAR = re.compile(r"\b(?:19|20)\d\d\b")


def signals(
    question: Question, found: Sequence[Candidate], weights: Mapping[str, float], absent: Sequence[str]
) -> tuple[float, ...]:
    """The signals of the best candidates, in the order of `SIGNALS`; `absent` are words that none of the documents asked has.

    Verdicts are the cross-encoder's logits on the best quotation, on its passage and on the passage found first, 0 without it;
    "judged" is the better of the judge's on the best two.
    """
    best = found[0]
    beside = f"{best.quotable.context} {best.text}"
    around = f"{beside} {best.passage.heading} {best.passage.text} {best.system}"
    there = set(stems(around))
    return (
        best.score / 5,
        best.score - found[min(5, len(found) - 1)].score,
        _verdict(best.logit),
        _verdict(best.passage_logit),
        _verdict(best.first_logit),
        max((_verdict(c.judged) for c in found if not math.isnan(c.judged)), default=0.0),
        max(c.meaning for c in found[:3]),
        max((weight for stem, weight in weights.items() if stem not in there), default=0.0) / 10,
        _missing(question.text, _NAME, question.names, there),
        float(any(_own(name) in absent for name in _NAME.findall(question.text))),
        _missing(question.text, _YEAR, (), set(stems(beside))),
        float(best.fits and best.named),
        max((c.expanded for c in found if not math.isnan(c.expanded)), default=EVEN) - EVEN,
        float(question.kind in NARROW),
    )


def _verdict(logit: float) -> float:
    """A logit kept within 8 of even; 0 where nothing was read."""
    return 0.0 if math.isnan(logit) else max(-8.0, min(8.0, logit))


def _missing(text: str, pattern: re.Pattern[str], but: Sequence[str], there: set[str]) -> float:
    """The share of a question's names or years, those in `but` aside, that is not `there`; 0 where it has none."""
    apart = {stem for name in but for stem in stems(name)}
    found = {stem for word in pattern.findall(text) for stem in stems(_own(word))} - apart
    return len(found - there) / len(found) if found else 0.0


def _own(word: str) -> str:
    """A word without the ending of its genitive."""
    return re.sub(r"['’]s$", "", word)


def confidence(
    question: Question, found: Sequence[Candidate], weights: Mapping[str, float], absent: Sequence[str] = ()
) -> float:
    """0 to 1, calibrated: how likely the best quotation answers the question."""
    if not found:
        return 0.0
    model = calibration(*judged_by(found))
    weighed = zip(SIGNALS, signals(question, found, weights, absent), strict=True)
    total = model.bias + sum(model.weights[name] * signal for name, signal in weighed)
    return round(sigmoid(total), 4)


def judged_by(found: Sequence[Candidate]) -> tuple[bool, bool, bool]:
    """(whether the cross-encoder read any of them, whether nobody wrote questions for the best one's passage, whether the judge
    read any): what chooses among the weights of `answer.weights.calibration`. Without written questions scores are lower."""
    read = any(not math.isnan(c.logit) for c in found)
    judged = any(not math.isnan(c.judged) for c in found)
    return read, bool(found) and math.isnan(found[0].expanded), judged


def threshold(point: str, with_selector: bool, unasked: bool = False, judged: bool = False) -> float:
    """The confidence an operating point asks; raises `KeyError` for a name not in `POINTS`."""
    return float(calibration(with_selector, unasked, judged).points[point])


# --- what is missing, in words ---

_HOW_MANY = re.compile(
    r"\bhow many ((?:[\w’'-]+ ){0,3}?[\w’'-]+?)(?: (?:did|does|do|is|was|were|are|has|have|had|can|will|would|in|of|at|"
    r"from|to|on)\b|\?|$)",
    re.IGNORECASE,
)
_NOUN_AFTER = re.compile(
    r"\b(?:what|which)(?: is| was| were| are)? (?:the |its |their )?((?:[\w’'$%-]+ ){0,3}?[\w’'-]+?)(?: (?:did|does|do|"
    r"is|was|were|are|has|have|had|can|will|would|in|of|at|from|to|on|for|that|per)\b|\?|$)",
    re.IGNORECASE,
)
_PER_PUPIL = re.compile(
    r"\bper[- ](?:pupil|student|school|child|teacher)(?: (?:cost|spending|funding|price|amount))?|\bcosts? per \w+",
    re.IGNORECASE,
)


def missing(question: Question, absent: Sequence[str]) -> str:
    """One sentence that says what was not found. `absent` are words of the question that no document asked has."""
    owner = _owner(question.systems)
    if absent:
        return f"{owner[0].upper()}{owner[1:]} never mention {' or '.join(f'“{word}”' for word in absent[:3])}."
    return f"No {asked(question)} was found in {owner}."


def _owner(systems: Sequence[str]) -> str:
    if not systems:
        return "the documents"
    names = [f"{system}’s" if not system.endswith("s") else f"{system}’" for system in systems]
    return f"{', '.join(names[:-1])}{' and ' if len(names) > 1 else ''}{names[-1]} documents"


def asked(question: Question) -> str:
    """A short name of what was asked: "per-pupil cost", "number of teachers", "date of this", "answer to this"."""
    text = question.text
    if found := _PER_PUPIL.search(text):
        noun = found.group().lower().replace("per pupil", "per-pupil").replace("per student", "per-student")
        return noun if re.search(r"cost|spending|funding|price|amount", noun) else f"{noun} figure"
    if found := _HOW_MANY.search(text):
        return f"number of {found.group(1)}"
    if question.kind == "date":
        return "date for this"
    if question.kind == "person":
        return "name for this"
    if question.wants in ("money", "percent", "number"):
        found = _NOUN_AFTER.search(text)
        return found.group(1) if found else "figure for this"
    return "sentence that answers this"
