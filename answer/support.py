"""Whether a sentence somebody else wrote (a language model) is supported by the quotations it cites. Strict on purpose:
a true sentence put too freely is withheld; an invented one must not pass.

In order: citations exist and are no planted instruction; figures occur in the quotations, with their unit, their neighbors
and no stronger bound; names occur; no negation, direction or certainty is added; enough of the content words occur; the
meaning is near. What is not handled: two claims whose parts are swapped within one window of words, and irony.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from answer.evidence import stems
from answer.figures import FUNCTION, SCALES, UNITS, content, content_words, figures

Encode = Callable[[Sequence[str]], np.ndarray]


@dataclass(frozen=True, slots=True)
class Quote:
    """Evidence a sentence may cite: the quotation, and what is known around it (title, system, the sentence before)."""

    text: str
    around: str = ""


@dataclass(frozen=True, slots=True)
class SupportSettings:
    """`words`: share of content words that must occur; `near`: share of neighboring pairs of them that must stand within
    `reach` words of each other in the quotations; `meaning`: least cosine with the quotations; `window`: a figure's, in words.
    """

    words: float = 0.75
    near: float = 0.7
    reach: int = 14
    meaning: float = 0.52
    window: int = 6


_NOTE = re.compile(r"\s*\[\d{1,3}(?:\s*[,–-]\s*\d{1,3})*\]")
_PLANTED = re.compile(
    r"\b(?:ignore|disregard|forget|override)\b.{0,40}\b(?:instructions?|prompts?|rules|above|previous|evidence)\b|"
    r"\b(?:system|developer) (?:prompt|message)\b|\byou (?:are|must|should|will) (?:now |always |only )?(?:an? |be |"
    r"answer|say|respond|reply|output|write|state|act)\b|"
    r"\b(?:as|you are) an? (?:ai|assistant|language model|chatbot)\b|\b(?:respond|reply|answer) (?:only )?with\b|<\|"
    r"?/?(?:im_start|im_end|system|assistant|user)\b|"
    r"\b(?:assistant|ai model|language model|chatbot)s?\b.{0,30}\b(?:must|should|shall|please)\b|^(?:please )?(?:say|"
    r"write|tell the (?:user|reader)) that\b",
    re.IGNORECASE,
)
_NEGATORS_WORDS = "not no never none neither nor without cannot fail failed fails lack lacked lacks refused rejected hardly"
_NEGATORS = frozenset(_NEGATORS_WORDS.split())
_HEDGES_WORDS = (
    "expect expected expects plan planned plans propose proposed proposes hope hoped may might could would goal "
    "target promise promised aim aimed intended forecast projected estimate estimated seek sought claim claimed "
    "claims alleged reportedly suggested supposed should if"
)
_HEDGES = frozenset(_HEDGES_WORDS.split())
_OPPOSITES = tuple(
    (frozenset(stems(a)), frozenset(stems(b)))
    for a, b in (
        ("rose increase grew gain gained improved raised up higher climbed growth expanded doubled",
         "fell decrease declined lost drop dropped worsened lowered down lower shrank cut decline reduced halved"),
        ("more larger greater longer", "fewer less smaller shorter"),
        ("open opened reopened began started launched", "close closed shut ended stopped"),
        ("best highest top most", "worst lowest bottom least"),
        ("before earlier", "after later"), ("first", "last"),
        ("won passed approved accepted supported", "lost rejected refused opposed defeated"),
        ("succeeded success successful effective", "failed failure unsuccessful ineffective"),
        ("all every everyone always", "none some few several half most rarely"),
        ("hired kept retained rehired", "fired dismissed removed replaced left"),
        ("elementary", "high secondary"), ("math mathematics", "reading writing english"),
        ("principal principals", "teacher teachers"),
        ("public", "private"), ("permanent", "temporary"), ("kept", "replaced"), ("mandatory required", "voluntary optional"),
    )
)  # fmt: skip


def bare(text: str) -> str:
    """Text without note numbers such as [3, 4]."""
    return _NOTE.sub("", " ".join(text.split()))


def planted(text: str) -> bool:
    """Whether text of a document reads like an instruction to a model; such a quotation supports nothing."""
    return bool(_PLANTED.search(text))


def problem(
    sentence: str,
    cites: Sequence[int],
    evidence: Sequence[Quote],
    encode: Encode,
    settings: SupportSettings = SupportSettings(),
) -> str:
    """What is wrong with a sentence, in plain words; "" when the quotations it cites (1-based numbers) support it."""
    if not cites:
        return "It cites nothing."
    missing = [n for n in cites if not 1 <= n <= len(evidence)]
    if missing:
        return f"It cites [{missing[0]}], which is not there."
    cited = [evidence[n - 1] for n in cites]
    if any(planted(quote.text) for quote in cited):
        return "What it cites reads like an instruction, not like a report."
    text = bare(sentence)
    quoted = " . ".join(bare(quote.text) for quote in cited)
    known = f"{quoted} . " + " . ".join(quote.around for quote in cited)
    found = _figures(text, quoted, known, settings.window) or _names(text, quoted, known) or _turned(text, quoted)
    if found:
        return found
    if _adds(text, quoted, known, settings):
        return "It says more than the quotations it cites."
    vectors = encode([text, *(bare(quote.text) for quote in cited)])
    if float(np.max(vectors[1:] @ vectors[0])) < settings.meaning:
        return "Its meaning is not that of the quotations it cites."
    return ""


_REASONS = re.compile(
    r"\b(?:because|therefore|thereby|hence|thus|as a result|resulting|led to|leading to|thanks to|due to|so that|so|"
    r"making it|caus\w+)\b",
    re.IGNORECASE,
)


_CLAUSE = re.compile(r"[,;:]|\b(?:and|but|which|who|while|whereas|although|though)\b", re.IGNORECASE)


def _adds(text: str, quoted: str, known: str, settings: SupportSettings) -> bool:
    """Whether the sentence holds a clause, a reason or a combination of words that the quotations do not."""
    wanted = content(text)
    there = set(stems(known))
    held = [stem in there for stem in wanted]
    if len(wanted) < 2 or sum(held) / len(held) < settings.words:
        return True
    if any(not a and not b for a, b in itertools.pairwise(held)):
        return True
    for clause in _CLAUSE.split(text):
        words = content_words(clause)
        new = sum(stem not in there for stem in words)
        if new and (len(words) <= 3 or 2 * new > len(words)):
            return True
    if _REASONS.search(text) and not _REASONS.search(quoted):
        return True
    places: dict[str, list[int]] = {}
    for place, stem in enumerate(stems(quoted)):
        places.setdefault(stem, []).append(place)
    pairs = [(places[a], places[b]) for a, b in itertools.pairwise(wanted) if a in places and b in places]
    close = sum(any(abs(i - j) <= settings.reach for i in a for j in b) for a, b in pairs)
    return bool(pairs) and close / len(pairs) < settings.near


# --- figures ---


def _figures(text: str, quoted: str, known: str, window: int) -> str:
    there = figures(quoted, window)
    around = {figure.value for figure in figures(known, window)}
    said = figures(text, window)
    for figure in said:
        same = [other for other in there if other.value == figure.value]
        same = [
            other
            for other in same
            if (other.unit == "%") == (figure.unit == "%") and not (figure.unit == "$" and other.unit == "")
        ]
        if sum(f.value == figure.value for f in said) > max(1, sum(other.value == figure.value for other in there)):
            return f"Its figure {figure.shown} occurs less often in the quotations it cites."
        if not same:
            where = "with another unit" if figure.value in around else "in the quotations it cites"
            return (
                f"Its figure {figure.shown} does not occur {where}."
                if where[0] == "i"
                else f"Its figure {figure.shown} occurs only {where} or elsewhere."
            )
        if figure.bound and all(other.bound != figure.bound for other in same):
            return f"Its figure {figure.shown} is bounded otherwise in the quotations."
        counted = (
            bool(figure.counts)
            and figure.counts in set(stems(quoted))
            and not any(figure.counts in other.close for other in same)
        )
        if counted or (len(figure.near) > 1 and not any(figure.near & other.near for other in same)):
            return f"Its figure {figure.shown} belongs to something else in the quotations."
    return ""


# --- names ---


def names(text: str) -> list[str]:
    """Words spelled with a capital or as an acronym, the first word of a sentence only when another capital follows."""
    words = re.findall(r"(?:[^\W\d_]\.){2,}|[^\W\d_]+(?:[’'-][^\W\d_]+)*", text)
    found = []
    for at, word in enumerate(words):
        if not word[0].isupper() or word == "I":
            continue
        opens = at == 0
        follows = at + 1 < len(words) and words[at + 1][0].isupper()
        if not opens or follows or sum(c.isupper() for c in word) > 1:
            found.append(re.sub(r"[’']s?$", "", word))
    return found


def _names(text: str, quoted: str, known: str) -> str:
    """A name that stands only around the quotations (the document's system) may be added, not put in a name's place."""
    there, quotes = set(stems(known.replace("-", " "))), set(stems(quoted.replace("-", " ")))
    said = set(stems(text.replace("-", " ")))
    dropped = [name for name in names(quoted) if not set(stems(name.replace("-", " "))) & said]
    for name in names(text):
        parts = [stem for stem in stems(name.replace("-", " ")) if stem not in FUNCTION]
        if any(part not in there for part in parts):
            return f"Its name {name} does not occur in the quotations it cites."
        if dropped and any(part not in quotes for part in parts):
            return f"Its name {name} stands where the quotations have another."
    inside = " ".join(stems(known.replace("-", " ")))
    for match in re.finditer(r"[A-Z][^\W\d_]+(?:[ -][A-Z][^\W\d_]+)+", re.sub(r"^\W*\w+ ", "", text)):
        if " ".join(stems(match.group().replace("-", " "))) not in inside:
            return f"Its name {match.group()} does not occur in the quotations it cites."
    first = re.match(r"\W*([^\W\d_]+)", text)
    known_word = not first or first[1].casefold() in FUNCTION | set(UNITS) | set(SCALES) or set(stems(first[1])) & there
    if first and first[1][0].isupper() and not known_word:
        return f"It is about {first[1]}, which does not occur in the quotations it cites."
    return ""


# --- negation, direction, certainty ---


def _turned(text: str, quoted: str) -> str:
    said, source = _plain(text), _plain(quoted)
    denials, denied = _denials(text), _denied(quoted)
    denies = bool(denials)
    if len(denials) > len(_denials(quoted)):
        return "It denies what the quotations do not deny."
    if not denies and denied and (denied & set(content(text))):
        return "It leaves out a “not” of the quotations."
    if (source & _HEDGES) and not (said & _HEDGES) and _hedged(quoted) & set(content(text)):
        return "It states as done what the quotations only expect or claim."
    said_stems, source_stems = stems(text), stems(quoted)
    for one, other in _OPPOSITES:
        for a, b in ((one, other), (other, one)):
            more_a = sum(stem in a for stem in said_stems) > sum(stem in a for stem in source_stems)
            less_b = sum(stem in b for stem in said_stems) < sum(stem in b for stem in source_stems)
            if more_a and less_b:
                return "It says the opposite of a word in the quotations."
    return ""


def _plain(text: str) -> set[str]:
    return set(re.findall(r"[^\W_]+", text.casefold()))


def _denials(text: str) -> list[str]:
    words = re.findall(r"[^\W_]+", re.sub(r"n[’']t\b", " not", text.casefold()))
    return [word for word in words if word in _NEGATORS]


def _denied(text: str) -> set[str]:
    """Stems of the content words that follow a negation within five words."""
    return _following(re.sub(r"n[’']t\b", " not", text), _NEGATORS, 5)


def _hedged(text: str) -> set[str]:
    return _following(text, _HEDGES, 6)


def _following(text: str, marks: frozenset[str], reach: int) -> set[str]:
    words = re.findall(r"[^\W_]+|[.;]", text)
    found: set[str] = set()
    for at, word in enumerate(words):
        if word.casefold() in marks:
            beside = words[at + 1 : at + 1 + reach]
            stop = next((i for i, w in enumerate(beside) if w in ".;"), len(beside))
            found |= set(content(" ".join(beside[:stop])))
    return found
