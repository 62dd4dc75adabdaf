"""The figures of a sentence: value, unit, bound, and what they count; and the words of a sentence that carry meaning."""

from __future__ import annotations

import re
from dataclasses import dataclass

from answer.evidence import stems

FUNCTION_WORDS = (
    "a about above after again all also although am an and any are as at be because been before being between both "
    "but by can could did do does doing down during each even ever every few for from further had has have having "
    "he her here hers him his how however i if in into is it its itself just many may me might more most much must "
    "my no nor not now of off on once only or other others our out over own same she should since so some such than "
    "that the their them then there these they this those through thus to too under until up upon us very was we "
    "well were what when where whether which while who whom whose why will with within without would you your "
    "according based evidence document documents study studies source sources stated states says said reported "
    "report reports case per one way"
)
FUNCTION = frozenset(FUNCTION_WORDS.split())
UNITS = {
    "zero": 0, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70,
    "eighty": 80, "ninety": 90, "half": 0.5, "twice": 2.0, "doubled": 2.0, "double": 2.0, "tripled": 3.0,
    "triple": 3.0, "quadrupled": 4.0, "dozen": 12, "third": 1 / 3, "thirds": 1 / 3, "quarter": 0.25,
    "quarters": 0.25, "first": 1.0, "second": 2.0, "fourth": 4.0, "fifth": 5.0, "sixth": 6.0, "seventh": 7.0,
    "eighth": 8.0, "ninth": 9.0, "tenth": 10.0,
}  # fmt: skip
SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "hundreds": 1e2, "thousands": 1e3, "millions": 1e6}
_TOKEN = re.compile(r"[$€£]?\d+(?:,\d{3})+(?:\.\d+)?%?|[$€£]?\d+(?:\.\d+)?(?:st|nd|rd|th|s)?%?|[^\W\d_]+(?:[’'][^\W\d_]+)*|%")
_OVER_WORDS = "over above exceeded exceeding exceeds beyond surpassed least more"
_OVER = frozenset(_OVER_WORDS.split())
_UNDER_WORDS = "nearly almost under below fewer less most close approached"
_UNDER = frozenset(_UNDER_WORDS.split())


def content(text: str) -> list[str]:
    """Distinct stems of the words that carry meaning, in order; figures and function words left out."""
    return list(dict.fromkeys(content_words(text)))


def content_words(text: str) -> list[str]:
    words = [
        word
        for word in re.findall(r"[^\W\d_]+(?:[’'][^\W\d_]+)*", text)
        if word.casefold() not in FUNCTION | set(UNITS) | set(SCALES)
    ]
    return [stem for word in words for stem in stems(re.sub(r"[’']s?$", "", word)) if stem]


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its unit ("$", "%" or ""), how it is bounded ("over", "under" or ""), and the words around it.

    `near` are content stems within the window, `close` those within four words, `counts` the one that follows: what is counted.
    """

    value: float
    unit: str
    bound: str
    shown: str
    near: frozenset[str]
    close: frozenset[str]
    counts: str


def figures(text: str, window: int = 6) -> list[Figure]:
    """ "about $14.4 million" -> 14,400,000 in "$"; "two-thirds of 12 schools" -> 2, 1/3, 12. "one" is no figure."""
    text = re.sub(r"\b((?:1[89]|20)\d\d)\s?[-–/]\s?(\d\d)\b(?!\d)", lambda m: f"{m[1]} {m[1][:2]}{m[2]}", text)
    tokens = _TOKEN.findall(text)
    found: list[Figure] = []
    skip = -1
    for at, token in enumerate(tokens):
        if at <= skip:
            continue
        word = token.casefold()
        value = _value(word)
        if value is None and word in SCALES and (at == 0 or _value(tokens[at - 1].casefold()) is None):
            value = SCALES[word]
        if value is None:
            continue
        end = at
        after = tokens[end + 1].casefold() if end + 1 < len(tokens) else ""
        if word in UNITS and 20 <= value < 100 and value % 10 == 0 and 0 < (ones := UNITS.get(after, after == "one")) < 10:
            value, end = value + int(ones), end + 1
        while end + 1 < len(tokens) and tokens[end + 1].casefold() in SCALES:
            value, end = value * SCALES[tokens[end + 1].casefold()], end + 1
        after = tokens[end + 1].casefold() if end + 1 < len(tokens) else ""
        unit = "$" if word[0] in "$€£" or after == "dollars" else "%" if word.endswith("%") or after in ("percent", "%") else ""
        lead = {t.casefold() for t in tokens[max(0, at - 3) : at]}
        bound = (
            "over"
            if lead & _OVER and not lead & {"no", "not"}
            else "under"
            if lead & _UNDER or lead & {"no", "not"} & lead
            else ""
        )
        beside = tokens[max(0, at - window) : at] + tokens[end + 1 : end + 1 + window]
        close = tokens[max(0, at - 4) : at] + tokens[end + 1 : end + 5]
        follows = content(" ".join(tokens[end + 1 : end + 4])) if not (1800 <= value < 2100 and not unit) else []
        found.append(
            Figure(
                round(value, 6), unit, bound, " ".join(tokens[at : end + 1]), frozenset(content(" ".join(beside))),
                frozenset(content(" ".join(close))), follows[0] if follows else "",
            )
        )  # fmt: skip
        skip = end
    return found


def _value(word: str) -> float | None:
    if word[0].isdigit() or word[0] in "$€£":
        return float(re.sub(r"[^\d.]", "", re.sub(r"(?:st|nd|rd|th|s)?%?$", "", word)).rstrip(".") or 0)
    return UNITS.get(word)
