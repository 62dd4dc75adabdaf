"""A follow-up takes what it leaves out from the questions before it: system, subject, time. Pure functions of words.

    How did Denver extend the school day?   ->  as it stands
    and in Boston?                          ->  How did Boston extend the school day?
    why?                                    ->  Why did Boston extend the school day?
    what about cost?                        ->  What about cost in Boston? (extend school day)

Nothing is remembered between calls: who asks hands in the earlier questions, so one person's cannot reach another.
English only. Not handled: what an answer said ("the second of these schools"); only earlier questions are read.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from answer.evidence import stems
from answer.kinds import named_systems
from answer.rewording import (
    ALL,
    AUXILIARY,
    THERE,
    TIME,
    content_words,
    joined,
    placed,
    subject_of,
    widened,
    with_question_word,
    with_systems,
    with_time,
    without,
)
from casebook.records import Theme

MAX_TURNS = 12
"""Earlier questions that are read; what was said before them is forgotten."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """What a question can name: `names` maps a system to what it is called, itself included."""

    names: Mapping[str, Sequence[str]]
    themes: Sequence[Theme] = ()


_LEAD = r"^(?:(?:and|but|so|ok(?:ay)?|then|also|yes|no|hm+|thanks?(?: you)?|great|right|well|now)\b[ ,.!:-]*)*"
_ABOUT = re.compile(rf"{_LEAD}(?:what|how) about (?P<rest>.+)$|^(?:and|or|also)\b[ ,]*(?P<and>.+)$", re.IGNORECASE)
_BARE = re.compile(
    rf"{_LEAD}(?:do (?:you|we) know )?(?P<wh>why|how|when|where|who|since when|for how long|how (?:much|many|long|often|"
    rf"come|so)|by how much|what for|"
    r"with what (?:result|effect)s?|at what cost|why not)(?: (?:was|is) (?:that|this|it)| (?:not|so|that|exactly|"
    r"then))?\s*\??$",
    re.IGNORECASE,
)
_ECHO = re.compile(
    rf"{_LEAD}(?P<wh>why|how|when|where)? ?(?:did|does|do|was|were|is|are|has|have|had)(?:n['’]t)? +(?:not|too|also|so|"
    rf"it|that|this|the same|do (?:so|it|that|this|the same))*"
    r"(?: (?:not|too|also|so|it|that|the same|as well|either|do (?:so|it|that|this|the same)))*\s*\?*$",
    re.IGNORECASE,
)
_MORE = re.compile(
    rf"{_LEAD}(?:(?:can you |please |could you )?(?:tell me |say |give me |show me )?(?:some )?(?:more|details?|(?:an "
    rf")?examples?)"
    r"(?: about (?:that|this|it)| details?| please)?|go on|for (?:example|instance)|anything else|what else|such as|"
    r"like what)\s*\??$",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    r"\b(?:(?:any|which|what|the|do|did|have|has|all) (?:of the )?others?\b(?! (?:than|hand))|(?:which|what|any|do|did|"
    r"how about|what about) (?:the )?other (?:systems?|districts?|networks?|operators?|cities)|"
    r"(?:who|where|anyone|anywhere) else|elsewhere)",
    re.IGNORECASE,
)
_COMPARED = re.compile(r"\b(?:compare[ds]?|comparison|versus|vs\.?|differ(?:s|ed|ent|ence)?|unlike|contrast)\b", re.IGNORECASE)
_THING = re.compile(
    r"\b(?:it|this|that(?! (?:the|a|an|all|they)\b)|these|those|ones?|such|the (?:same|latter|former))\b",
    re.IGNORECASE,
)
_PERSON = re.compile(
    r"\b(?:they|them|their|theirs|its|he|she|his|her|him|the (?:program|plan|effort|initiative|model|approach|tutors?|"
    r"teachers?|principals?|money|grants?|gains?|results?|changes?|board|union|tax|law|study|researchers?|first|last))\b",
    re.IGNORECASE,
)
_THEN = re.compile(
    r"\b(?:then|(?:in |during )?that (?:year|time|period)|at the time|the same year|in those years)\b",
    re.IGNORECASE,
)
_YEARS = re.compile(r"\b(?:1[89]|20)\d\d(?:\s?[-–/]\s?\d{2,4})?\b")


def resolve(question: str, history: Sequence[str], catalog: Catalog) -> str:
    """The question as it would be asked alone. `history` are the person's earlier questions, oldest first, as they were put.

    A question that leaves nothing out is returned as it is, to the letter.
    """
    before = ""
    told: list[str] = []
    for turn in [*history[-MAX_TURNS:], question]:
        before = _follow(_in_full(turn, told), before, catalog) if before else turn
        told.append(turn)
    return before


def _in_full(question: str, told: Sequence[str]) -> str:
    """ "the initiative" after "What is the T3 initiative?" -> "the T3 initiative": the latest name that ends in that word."""

    def named(match: re.Match[str]) -> str:
        noun = match["noun"]
        for earlier in reversed(told):
            full = re.search(rf"(?<!^)\b((?:[A-Z0-9][\w.&-]* )+)((?i:{re.escape(noun)}))\b", earlier)
            if full:
                return f"{match['the']} {full[1]}{full[2]}"
        return match.group()

    return re.sub(r"\b(?P<the>the|that|this) (?P<noun>[a-z][a-z-]{3,})\b", named, question)


def _follow(question: str, before: str, catalog: Catalog) -> str:
    text = " ".join(question.split())
    systems, _ = named_systems(text, catalog.names)
    earlier, called = named_systems(before, catalog.names)
    called = _places(called, catalog)
    if not re.search(r"\w", text):
        return question
    if _MORE.match(text):
        return before
    if bare := _BARE.match(text):
        return with_question_word(bare["wh"], before)
    if (verbless := _ECHO.match(without(text, named_systems(text, catalog.names)[1]))) and systems:
        again = with_systems(before, called, named_systems(text, catalog.names)[1])
        return with_question_word(verbless["wh"], again) if verbless["wh"] else again
    if _OTHERS.search(text) and not systems:
        return widened(before, called)
    if systems and _COMPARED.search(text) and (set(earlier) - set(systems)) and (len(systems) == 1 or _THING.search(text)):
        return f"How do {joined([*earlier, *(s for s in systems if s not in earlier)])} compare: {subject_of(before, called)}?"
    if rest := _elliptic(text, systems, catalog):
        return _exchanged(rest, systems, before, earlier, called, catalog)
    return _completed(text, question, systems, before, earlier, called)


def _places(called: Sequence[str], catalog: Catalog) -> tuple[str, ...]:
    """One name for each system; a program's name ("Strategic Staffing Initiative") gives way to one of the system itself."""
    best: dict[tuple[str, ...], str] = {}
    for name in called:
        systems = named_systems(name, catalog.names)[0]
        own = {word for system in systems for word in stems(system)}
        program = (
            " " in name
            and not own & set(stems(name))
            and not re.search(r"\b(?:schools?|public|district|county|charter)\b", name, re.IGNORECASE)
        )
        best.setdefault(systems, "")
        if not program and not best[systems]:
            best[systems] = name
    return tuple(name or systems[0] for systems, name in best.items())


def _elliptic(text: str, systems: Sequence[str], catalog: Catalog) -> str:
    """What a follow-up without a verb is about: "and in Denver?" -> "in Denver"; "" for a whole question."""
    match = _ABOUT.match(text)
    rest = (match["rest"] or match["and"] if match else text).strip(" ?.!")
    verbless = not AUXILIARY.search(rest) and not re.match(
        r"(?:what|which|how|why|who|when|where|list|name|compare|tell|show)\b", rest, re.IGNORECASE
    )
    if verbless and (match or len(rest.split()) <= 4):
        return rest
    return ""


def _exchanged(
    rest: str, systems: Sequence[str], before: str, earlier: Sequence[str], called: Sequence[str], catalog: Catalog
) -> str:
    """The question before with another system or time in it, or on another subject."""
    bare = re.sub(r"^(?:in|for|at|with|of|the|about|on|during|by|since)\s+", "", rest, flags=re.IGNORECASE)
    _, names = named_systems(rest, catalog.names)
    subject = content_words(without(bare, names))
    years = _YEARS.findall(rest)
    if years and not [word for word in subject if not word[0].isdigit()]:
        swapped = with_time(before, rest if not systems else years[0])
        return with_systems(swapped, called, names) if systems else swapped
    if systems and not subject:
        return with_systems(before, called, names)
    where = names or called
    kept = [word for word in content_words(without(TIME.sub(" ", before), called)) if word.casefold() not in _broad(catalog)]
    place = f" in {joined(where)}" if where and not names else ""
    time = "" if years else "".join(f" {t}" for t in TIME.findall(before))
    about = f" ({' '.join(kept)})" if kept and not set(kept) <= set(subject) else ""
    return f"What about {rest}{place}{time}?{about}"


def _completed(
    text: str, question: str, systems: Sequence[str], before: str, earlier: Sequence[str], called: Sequence[str]
) -> str:
    """A whole question; where a word points back, with the system, subject and time that word stands for."""
    names_itself = bool(systems or ALL.search(text))  # then "its" and "they" are about what it names
    points = bool(
        _THING.search(text) or (not names_itself and _PERSON.search(text)) or THERE.search(text) or _THEN.search(text)
    )
    refers = points or bool(
        re.match(r"(?:and|but|so|then)\b", text, re.IGNORECASE) or re.search(r"\bthe\b", text, re.IGNORECASE)
    )
    if names_itself and not points:
        return question
    content = content_words(text)
    fresh = not earlier or len(content) > 6 or re.match(r"(?:what (?:is|are) an? |define\b)", text, re.IGNORECASE)
    if not refers and fresh:
        return question
    asked = re.sub(_LEAD, "", text, flags=re.IGNORECASE).rstrip(" ?.!")
    if not asked:
        return before
    said = {word.casefold() for word in content_words(asked)}
    kept = [word for word in content_words(without(before, called)) if word.casefold() not in said]
    if len(content) > 2:  # enough of its own: only names are carried over
        kept = [word for word in kept if word[0].isupper()]
    if earlier and not systems:
        asked = placed(asked, joined(called), bool(kept))
    if _THEN.search(text) and TIME.search(before) and not _YEARS.search(asked):
        asked = f"{_THEN.sub('', asked).strip()} {TIME.search(before).group()}"  # type: ignore[union-attr]
    about = f" ({' '.join(kept)})" if kept and (points or len(content) < 3) else ""
    return f"{asked[0].upper()}{asked[1:]}?{about}"


def _broad(catalog: Catalog) -> set[str]:
    """Words of the themes' labels: a question of these alone is about a theme, which a new subject replaces whole."""
    return {word.casefold() for theme in catalog.themes for word in content_words(f"{theme.label} {theme.question}")}
