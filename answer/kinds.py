"""What a question asks for: its kind, the systems it names, and what a sentence must hold to answer it.

Read from the words of the question alone, first rule that fits, so that the same question is always taken the same way
and the reason can be told. English questions only; anything else is a "fact" question, which asks for nothing special.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

KINDS = (
    "which_systems",
    "comparison",
    "yes_no",
    "figure",
    "date",
    "person",
    "place",
    "list",
    "definition",
    "how_why",
    "synthesis",
    "fact",
)

NARROW = frozenset({"figure", "date", "person", "place", "definition"})
"""Kinds that one sentence answers."""

_SYSTEM_NOUN = r"(?:systems?|districts?|operators?|networks?|school operators?|organizations?|cities|case studies|cases)"
_LEAD = r"^(?:please |can you |could you |tell me |say |i (?:want|need|would like) to know |and |so |but )*"
_AUXILIARY = r"(?:did|does|do|is|was|were|are|has|have|had|can|could|will|would|should)"
_RULES: tuple[tuple[str, str], ...] = (
    (
        "which_systems",
        rf"\b(?:which|what|who among the) (?:of the |other )?(?:ten |six |four |school |turnaround "
        rf")*{_SYSTEM_NOUN}\b(?! (?:of|official|office|leader|administrator))",
    ),
    (
        "which_systems",
        rf"\b(?:name|list|identify) (?:all )?(?:the |every )?(?:ten )?{_SYSTEM_NOUN} (?:that|which|who|with|where)\b",
    ),
    ("comparison", r"\b(?:compare[ds]?|comparison|versus|vs\.?|differ(?:s|ed|ences?)?|in common|unlike|contrast|similarit)"),
    ("yes_no", rf"{_LEAD}(?:is it true (?:that )?|{_AUXILIARY}(?:n['’]t)? )"),
    ("figure", r"\bhow (?:many|much|large|big|long|far|often|old|high|low|small|fast|deep|steep|likely)\b"),
    (
        "figure",
        r"\b(?:what|which) (?:\S+ ){0,4}?(?:percent(?:age)?|share|number|proportion|fraction|amount|rate|budget|price|"
        r"costs?|salar(?:y|ies)|sizes?|total|sum|gpa|enrollment|margin|grant amount|score|stipend|bonus|fee)\b",
    ),
    (
        "figure",
        r"\bwhat (?:did|does|do|would|will) .*\b(?:costs?|pay|charge|earn|spend)\b(?!.*\b(?:for|on|with|by|from)\W*$)|"
        r"\bhow (?:did|does) .* cost\b.*\bper\b",
    ),
    (
        "date",
        rf"{_LEAD}(?:(?:in|since|by|until|from|on) )?(?:when(?! (?:does|do|can|could|should|is|are)\b)|"
        r"what (?:year|month|date|day)|which (?:year|month|date|school year|day))\b",
    ),
    ("person", rf"{_LEAD}(?:(?:by|for|with|to|from|under) )?(?:who|whom|whose)\b"),
    (
        "person",
        r"\b(?:what|which) (?:was the name of |is the name of )?(?:the )?(?:\S+ ){0,2}?(?:superintendent|principal|"
        r"chief executive|ceo|foundation|economist|mayor|researcher|university|consultant|founder|partner|company|firm|"
        r"donor|author)\b(?! (?:do|did|does))",
    ),
    ("place", rf"{_LEAD}where\b|\b(?:in )?(?:what|which) (?:city|state|town|neighborhood|county)\b"),
    (
        "list",
        r"\b(?:list|name|enumerate|identify) (?:the|all|some|three|four|five|two|six|any)\b|\bwhat (?:were|are) (?:the |"
        r"its |their |all )?(?:\S+ ){0,3}?\S+s\b|\b(?:what|which) (?:two|three|four|five|six|seven|eight|nine|ten|"
        r"several|kinds? of|types? of|sorts? of)\b|\bwhich (?:\S+ )?(?:schools|programs|models|grades|groups|"
        r"foundations|grants|steps|elements|parts|measures)\b",
    ),
    (
        "definition",
        r"\bdefine\b|\bwhat (?:does|do|did) .+ mean\b|\bmeant by\b|\bdefinition of\b|^what(?: is|['’]s| was| are| were) "
        r"(?:an? |the )?[\w.'’ -]{2,60}\?*$",
    ),
    ("how_why", rf"{_LEAD}(?:how|why|what made|what caused|what explains|for what reason|in what way)\b|\bwhy\b"),
)
_COMPILED = tuple((kind, re.compile(pattern, re.IGNORECASE)) for kind, pattern in _RULES)
_GENERAL = re.compile(
    r"\b(?:across|in general|overall|generally|lessons?|what works|the record|these cases|the cases|all (?:ten|systems)|"
    r"most systems|"
    r"(?:do|can|should|might) (?:a )?(?:districts?|systems|operators|networks)|"
    r"case studies (?:say|show|suggest|agree)|evidence (?:say|show|suggest)|research (?:say|show|suggest)|common(?:ly)?)\b",
    re.IGNORECASE,
)

_NUMBER_WORD = (
    r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|"
    r"nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|billions?|dozens?|half|"
    r"third|quarter|twice|double[ds]?|triple[ds]?|none|every|no"
)
_MONTH = r"january|february|march|april|may|june|july|august|september|october|november|december"
_INSTITUTION = (
    r"Academ\w+|Area|Avenue|Boards?|Campus|Central|Charters?|Chiefs?|Cit\w+|College|Commission|Commons|Council|Count\w+|"
    r"Department|Districts?|Education|Elementary|Federation|Foundation|Fund|Grants?|High|Hill|Initiatives?|Institute|Learning|"
    r"Middle|National|Network|Office|Park|Parish|Partners\w*|Philadelphia|Prep\w*|Programs?|Project|Public|Quarter|Schools?|"
    r"Staffing|State|States|Stud\w+|Teachers?|Times|Trust|Turnarounds?|Union|Universit\w+|Zones?"
)
"""Second words of a name that is no person's."""
HOLDS: Mapping[str, re.Pattern[str]] = {
    "number": re.compile(rf"\d|\b(?:{_NUMBER_WORD})\b", re.IGNORECASE),
    "money": re.compile(r"[$€£]\s?\d|\b(?:dollars?|cents?|euros?|pounds)\b|\b\d[\d.,]* (?:million|billion)\b", re.IGNORECASE),
    "percent": re.compile(
        rf"%|\bper ?cent|\bpercentage|\b(?:{_NUMBER_WORD}) (?:in|of|out of) (?:\w+ )?(?:{_NUMBER_WORD}|\d)|\b(?:half|"
        rf"third|quarter|fifth|tenth)s?\b|\d+ (?:of|out of) (?:\w+ )?\d+",
        re.IGNORECASE,
    ),
    "date": re.compile(
        rf"\b(?:1[5-9]|20)\d\d\b|\b(?:{_MONTH}) \d|\b\d{{1,4}} (?:bc|ad|ce)\b|\bcentury\b|\bo[’']clock\b|\b\d{{4}}s\b",
        re.IGNORECASE,
    ),
    "somebody": re.compile(
        rf"\b[A-Z][\w’'-]+ (?:[A-Z]\. ?)*(?!(?:{_INSTITUTION})\b)[A-Z][a-z][\w’'-]*|"
        r"\b[A-Z][a-z][\w’'-]+(?:, who\b| (?:who|said|became|took|led|left|resigned|wrote|told|retired|succeeded|argued)\b)",
    ),
    "person": re.compile(r"(?<!^)(?<![.!?:“] )\b[A-Z][\w’'.-]+|^[A-Z][\w’'-]+ [A-Z]"),
    "place": re.compile(r"(?<!^)(?<![.!?:“] )\b[A-Z][\w’'-]+"),
}
"""Answer type -> what a sentence of that type matches."""

_NOTES = re.compile(r"\[[\d,\s–-]+\]")
_YEARS = re.compile(
    rf"\b(?:1[5-9]|20)\d\d(?:[-–/]\d\d(?:\d\d)?)?\b(?!,\d| (?:students|teachers|schools|people|children|percent))|"
    rf"\b(?:{_MONTH}) \d{{1,2}}\b",
    re.IGNORECASE,
)
_WORDS = re.compile(r"[^\W_]+(?:[.,][0-9]+)*")
_ALL = re.compile(
    r"\b(?:all|each|every one) (?:of )?(?:the )?(?:ten )?(?:systems|cases)\b|\bten (?:systems|cases)\b", re.IGNORECASE
)
_MONEY = re.compile(
    r"\b(?:costs?|pa(?:y|id|ys)|spen[dt]|money|dollars?|salar\w+|budget|price|fund\w*|grants?|stipends?|bonus\w*|fees?|"
    r"raise[ds]?|donat\w+|charge[ds]?|earn(?:ed|s)?)\b",
    re.IGNORECASE,
)
_OFFICE = re.compile(
    r"\bwh(?:o|at|ich)\b.*\b(?:principal|superintendent|chief executive|ceo|director|mayor|chair(?:man|woman)?|president|"
    r"founder|head|successor)\b",
    re.IGNORECASE,
)
_SUM = re.compile(r"\b(?:how much|costs?|price|salar\w*|budget|fee|pay|charge|earn|spend)\b", re.IGNORECASE)
_DURATION = re.compile(r"\bhow (?:long|old|often|far|large|big|high|small|low|fast|deep)\b", re.IGNORECASE)
_PERCENT = re.compile(r"\b(?:percent(?:age)?|proportion|share|fraction)\b", re.IGNORECASE)
_COUNTED = re.compile(r"\bhow many\b", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Question:
    """`wants` names the answer type in `HOLDS` ("" for none); `systems` are those named, in the question's order."""

    text: str
    kind: str
    wants: str = ""
    systems: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


def understand(text: str, names: Mapping[str, Sequence[str]]) -> Question:
    """`names` maps a system to what it is called, itself included."""
    systems, called = named_systems(text, names)
    kind = _kind(text, systems)
    if not systems and kind != "which_systems" and _ALL.search(text):
        return Question(text, "comparison", _wants(text, "comparison"), tuple(names))
    return Question(text, kind, _wants(text, kind), systems, called)


def _kind(text: str, systems: Sequence[str]) -> str:
    found = next((kind for kind, rule in _COMPILED if rule.search(text)), "fact")
    if len(systems) > 1 and found not in ("comparison", "yes_no", "which_systems"):
        return "comparison"
    if not systems and found in ("fact", "how_why", "list") and _GENERAL.search(text):
        return "synthesis"
    if not re.search(r"\w\s+\w", text):
        return "fact"
    return found


def _wants(text: str, kind: str) -> str:
    if kind == "person" and _OFFICE.search(text) and not re.search(r"\b(?:founded|foundation|how)\b", text, re.IGNORECASE):
        return "somebody"
    if kind in ("date", "person", "place"):
        return kind
    if kind not in ("figure", "comparison"):
        return ""
    if _PERCENT.search(text):
        return "percent"
    if _SUM.search(text) and _MONEY.search(text):
        return "money" if not _COUNTED.search(text) else "number"
    if kind == "figure":
        return "number"
    return "number" if _COUNTED.search(text) else ""


def holds(sentence: str, question: Question) -> bool:
    """Whether a sentence has what the question wants, beyond what the question itself says; True when it wants nothing special.

    Note numbers do not count, nor years where a count, a sum or a share is wanted.
    """
    if not question.wants:
        return True
    text = _NOTES.sub(" ", sentence)
    if question.wants in ("number", "money", "percent"):
        text = _YEARS.sub(" ", text)
    said = {word.casefold() for word in _WORDS.findall(question.text)} - {"who"}
    text = _WORDS.sub(lambda word: " _ " if word.group().casefold() in said else word.group(), text)
    return bool(HOLDS[question.wants].search(text))


def named_systems(text: str, names: Mapping[str, Sequence[str]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Systems a question names, and the words that named them, both in the question's order.

    Longer names are taken first ("Chicago Teacher Residency" is not Chicago). In a question written with capitals a
    one-word name must have one too: "mastery of fractions" names nobody. A name that two systems share names both.
    """
    taken: list[tuple[int, int]] = []
    found: list[tuple[int, str, str]] = []
    capitals = any(c.isupper() for c in text.strip()[1:])
    calls = sorted({call for calls in names.values() for call in calls if call}, key=lambda call: (-len(call), call))
    for call in calls:
        for match in re.finditer(rf"(?<![\w-]){re.escape(call)}(?![\w])", text, re.IGNORECASE):
            if capitals and " " not in call and not match.group()[0].isupper():
                continue
            if any(start < match.end() and match.start() < end for start, end in taken):
                continue
            taken.append(match.span())
            found += [(match.start(), system, match.group()) for system, own in names.items() if call in own]
    found.sort(key=lambda entry: entry[0])
    return tuple(dict.fromkeys(s for _, s, _ in found)), tuple(dict.fromkeys(word for _, _, word in found))
