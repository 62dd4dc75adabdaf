"""Finds the figures of a text and holds them to the facts it cites.

A sentence's figures (a table row's, likewise) must each stand in a fact cited in that sentence: in its
claim, figures or period, or, for a year, in its source's title. Compared are values:
57,050 = 57050, "$1.2 million" = "$1.2m", "twelve" = 12, 2010-11 = 2010-2011 = 2010–11. "one",
fractions (half, third, quarter) and spelled ordinals are no figures; "22nd" and the "three" of "three
quarters" are.
"74 percent" needs a 74 that some cited fact does not use for points only, "12 percentage points" one
that is not percent only. A school year stands in one fact; a longer span may begin in one fact and
end in another.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations

from collection.records import Fact

_UNITS = "two three four five six seven eight nine".split()
_TEENS = "ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen".split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
_WORDS = {"one": 1}
_WORDS |= {word: number for number, word in enumerate(_UNITS, 2)}
_WORDS |= {word: number for number, word in enumerate(_TEENS, 10)}
_WORDS |= {word: 10 * number for number, word in enumerate(_TENS, 2)}
_WORDS |= {f"{ten}-{unit}": _WORDS[ten] + _WORDS[unit] for ten in _TENS for unit in ["one", *_UNITS]}
_SCALES = {
    "dozen": 12, "hundred": 100, "thousand": 1000, "million": 10**6, "billion": 10**9,
    "k": 1000, "m": 10**6, "mn": 10**6, "bn": 10**9, "b": 10**9,
}  # fmt: skip

_BARE = "dozen|hundred|thousand|million|billion"  # "a hundred", "half a million"
_SPELLED = "|".join(sorted(_WORDS, key=len, reverse=True))
_DIGITS = r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?"
# One number: digits or words, an optional half, optional scales and an optional unit.
_NUMBER = re.compile(
    rf"""(?P<money>\$)?
    (?: (?P<clock>\d{{1,2}}:\d{{2}})
      | (?P<years>(?:19|20)\d\d)\s*[-/]\s*(?P<to>(?:19|20)\d\d|\d\d)(?![\d,.]*\d|\s?(?:percent|%))
      | (?P<decade>(?:19|20)\d0s)
      | (?P<digits>{_DIGITS})(?!\d)(?P<ordinal>(?:st|nd|rd|th)\b)?
      | (?<![a-z])(?P<words>{_SPELLED}|{_BARE})(?![a-z])(?!-(?:{"|".join(["one", *_UNITS])})\b)
    )
    (?P<half>\ and\ a\ half)?
    (?P<scales>(?:[\s-]?(?:{_BARE})\b|\s?(?:mn|bn)\b|(?<=\d)[kmb]\b)*)
    (?P<and>\ and\ (?:{_SPELLED})(?![a-z-]))?
    (?P<unit>\s?%|[\s-]percent(?!age)|\s?percentage[\s-]points?|[\s-]points?|\s?pp\b)?""",
    re.VERBOSE,
)
# "74 to 81 percent", "$2.2 to $15 million", "92/86/40/22%": the first takes the last one's scale and unit.
_JOINED = re.compile(r"\s*(?:-|/|,|to|and|or|vs\.?|->|→|,\s*and|versus|against)\s*", re.VERBOSE)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as a reader understands it. `value` is exact; `unit` is "%", "points" or "" (all else)."""

    value: str
    unit: str
    shown: str
    also: str = ""  # the value, were the next figure's scale to hold for this one too


def figures(text: str) -> list[Figure]:
    """The figures of a text in order.

    "From 2010-11 twelve schools cost $2.2 to $15 million" -> 2010-2011, 12, 2.2 (also 2200000), 15000000.
    """
    text = normal(text)
    found: list[tuple[Figure, int, int, Decimal | None, int]] = []
    for match in _NUMBER.finditer(text):
        start, end = match.span()
        shown = match.group().strip()
        if match["years"]:
            last = match["to"] if len(match["to"]) == 4 else match["years"][:2] + match["to"]
            found.append((Figure(f"{match['years']}-{last}", "", shown), start, end, None, 1))
        elif match["clock"] or match["decade"]:
            found.append((Figure(match["clock"] or match["decade"], "", shown), start, end, None, 1))
        elif match["ordinal"]:
            found.append((Figure(match["digits"] + "th", "", shown), start, end, None, 1))
        else:
            number, scale = _value(match)
            # "one" is no figure, whatever follows it, unless a scale makes it one: "one hundred".
            if match["words"] == "one" and scale == 1:
                continue
            figure = Figure(_canonical(number * scale), _unit(match), shown)
            found.append((figure, start, end, number, scale))
    return _share(found, text)


def normal(text: str) -> str:
    """Lower-cased, with one kind of hyphen, space and percent."""
    text = text.lower().translate(str.maketrans("–—−‑‐\u00a0\u202f", "-----  "))
    return re.sub(r"\bper cent\b", "percent", text)


def _value(match: re.Match[str]) -> tuple[Decimal, int]:
    words = match["words"]
    if words in _BARE.split("|"):
        number, scale = Decimal(1), _SCALES[words]
    elif words:
        number, scale = Decimal(_WORDS[words]), 1
    else:
        number, scale = Decimal(match["digits"].replace(",", "")), 1
    if match["half"]:
        number += Decimal("0.5")
    for word in re.findall(r"[a-z]+", match["scales"] or ""):
        scale *= _SCALES[word]
    if match["and"] and scale > 1:  # "one hundred and ten"
        number += Decimal(_WORDS[match["and"].split()[-1]]) / scale
    return number, scale


def _canonical(value: Decimal) -> str:
    """Decimal("57050") and Decimal("57050.0") -> "57050"."""
    return f"{value.normalize():f}"


def _unit(match: re.Match[str]) -> str:
    unit = (match["unit"] or "").strip(" -")
    if unit in ("%", "percent"):
        return "%"
    return "points" if unit else ""


def _share(found: list[tuple[Figure, int, int, Decimal | None, int]], text: str) -> list[Figure]:
    """Hands scale and unit backwards along "a to b million", "a, b and c percent"."""
    out: list[Figure] = []
    scale, unit, following = 1, "", -1
    for figure, start, end, number, own in reversed(found):
        joined = following >= 0 and _JOINED.fullmatch(text[end:following].replace("$", " "))
        if number is None:
            scale, unit = 1, ""
        elif own == 1 and not figure.unit and joined:
            also = _canonical(number * scale) if scale > 1 else ""
            figure = Figure(figure.value, unit, figure.shown, also)
        else:
            scale, unit = own, figure.unit
        following = start
        out.append(figure)
    return out[::-1]


@dataclass(frozen=True, slots=True)
class Grounds:
    """What the cited facts hold: each value with the units it is used with."""

    units: dict[str, frozenset[str]]

    @classmethod
    def of(cls, facts: Iterable[Fact]) -> Grounds:
        units: dict[str, set[str]] = {}
        for fact in facts:
            for part in (fact.claim, fact.figures, fact.period):
                for figure in [*figures(part), *figures(_ones(part))]:
                    for value in filter(None, (figure.value, figure.also)):
                        units.setdefault(value, set()).add(figure.unit)
                for value in _years(part):
                    units.setdefault(value, set()).add("")
            for value in _years(fact.source_title):
                units.setdefault(value, set()).add("")
        return cls({value: frozenset(kinds) for value, kinds in units.items()})

    def refusal(self, figure: Figure) -> str:
        """Why a figure does not stand in the facts; empty when it does."""
        kinds = frozenset[str]().union(*(self.units.get(value, frozenset()) for value in (figure.value, figure.also) if value))
        if not kinds:
            # "2008-2019" may begin in one fact and end in another; "2010-11" is a school year of its own.
            first, _, last = figure.value.partition("-")
            if last and int(last) - int(first) > 1 and {first, last} <= self.units.keys():
                return ""
            return "is not in the facts cited"
        if figure.unit == "%" and kinds == {"points"}:
            return "is in points in the facts cited, not percent"
        if figure.unit == "points" and kinds == {"%"}:
            return "is percent in the facts cited, not points"
        return ""


def _years(text: str) -> set[str]:
    """Years of a text and the ranges they make: "from 2010 to 2012" -> 2010, 2012, 2010-2012.

    Only years of one text make a school year: 2010 here and 2011 there do not ground "2010-11".
    """
    values = [figure.value for figure in figures(text)]
    years = sorted({year for value in values for year in re.findall(r"\b(?:19|20)\d\d\b", value)})
    return {*years, *(f"{first}-{last}" for first, last in combinations(years, 2))}


def _ones(text: str) -> str:
    """ "one of three", so that a source may say "1 of 3"."""
    return re.sub(r"\bone\b", "1", text.lower())
