"""A question put anew: of another system or time, with another question word, of all systems.

    ("Boston" -> "Denver", "Did Boston close schools?")  ->  Did Denver close schools?
    ("why", "Did Boston close schools?")                 ->  Why did Boston close schools?

Pure functions of words; `answer.conversation` decides which of them a follow-up asks for.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

THERE = re.compile(
    r"\b(?:over |in )?there\b(?! (?:is|are|was|were|be|been)\b)"
    r"(?<!is there)(?<!are there)(?<!was there)(?<!were there)",
    re.IGNORECASE,
)
TIME = re.compile(
    r"\b(?:(?:in|since|by|until|before|after|during|from|between) )?(?:1[89]|20)\d\d(?:\s?[-–/]\s?\d{2,4})?(?: (?:and|"
    r"to) (?:1[89]|20)\d\d)?\b",
    re.IGNORECASE,
)
ALL = re.compile(
    r"\b(?:which|what|how many) (?:of the )?(?:\w+ )?(?:systems|districts|operators|networks|cities)\b|\b(?:across|all|"
    r"each of the|in general|generally|overall|every) "
    r"?(?:the )?(?:ten |six |four )?(?:systems|districts|cases|case studies|networks|operators)?\b|\bresearch (?:says?|"
    r"shows?|finds?)\b",
    re.IGNORECASE,
)
AUXILIARY = re.compile(r"\b(did|does|do|was|were|is|are|has|have|had|can|could|will|would|should)\b", re.IGNORECASE)
_FUNCTION_WORDS = (
    "a about an and any are as at be been both but by can compare compared could did do does each for from had has "
    "have how i if in into is it its many me more most much of on one or other others our over please said say "
    "should so some than that the their them then there these they this those to under up us use used very was we "
    "were what when where which while who whom whose why will with would you your district districts system systems "
    "network operator turnaround long often last happen happened"
)
_FUNCTION = frozenset(_FUNCTION_WORDS.split())
_SUBJECT = re.compile(
    r"(?<=\b)(?P<verb>(?:did|does|do|was|were|is|are|has|have|had|can|could|will|would) )(?:it|they|he|she|the "
    r"(?:district|network|operator|system|city))\b",
    re.IGNORECASE,
)


def placed(asked: str, where: str, names: bool) -> str:
    """The question with its system: in place of "there" or of the pronoun that is its subject, else at the end."""
    if THERE.search(asked):
        return THERE.sub(f"in {where}", asked, count=1)
    if not names and _SUBJECT.search(asked) and len(content_words(asked)) > 2:
        return _SUBJECT.sub(lambda match: f"{match['verb']}{where}", asked, count=1)
    return f"{asked} in {where}"


def with_question_word(wh: str, before: str) -> str:
    """Another question word: ("why", "Did Boston close schools?") -> "Why did Boston close schools?"."""
    wh = {"why not": "why not", "how come": "why", "how so": "how", "what for": "why"}.get(wh.casefold(), wh.casefold())
    auxiliary = AUXILIARY.search(before)
    if auxiliary and auxiliary.start() < 40 and not re.search(r"\bwhich\b|\bwho\b", before[: auxiliary.start()], re.IGNORECASE):
        kept = _subject_of_what(before[: auxiliary.start()])
        clause = f"{auxiliary.group().casefold()}{before[auxiliary.end() :]}"
        return f"{wh.capitalize()} {clause}" if not kept else f"{wh.capitalize()} {clause.rstrip(' ?')} {kept}?"
    return f"{wh.capitalize()}: {before}"


def _subject_of_what(lead: str) -> str:
    """What an object before the verb was: "How many teachers " -> "teachers"; "" where there was none."""
    return re.sub(
        r"^\W*(?:and |but )?(?:what|which|how|why|when|where|who)?\s*(?:many|much|long|often|percent of|share of)?\s*",
        "",
        lead,
        flags=re.IGNORECASE,
    ).strip()


def widened(before: str, called: Sequence[str]) -> str:
    """The question before asked of all systems: "and the others?" -> "Which other systems: extend school day?"."""
    return (
        f"Which other systems besides {joined(called)}: {subject_of(before, called)}?"
        if called
        else f"Which systems: {subject_of(before, called)}?"
    )


def with_systems(before: str, called: Sequence[str], names: Sequence[str]) -> str:
    """The question before, of other systems; first name replaced, further ones dropped; appended where it named none."""
    new = joined(names)
    if not called:
        asked = (
            ALL.sub("", before).strip(" ?")
            if re.search(r"\bwhich\b", before, re.IGNORECASE) and ALL.search(before)
            else before.strip(" ?")
        )
        return f"{asked[:1].upper()}{asked[1:]} in {new}?"
    text = re.sub(_any(called[1:]) + r"(?:\s*(?:,|and|or)\s*)?", "", before) if len(called) > 1 else before
    text = re.sub(_any(called[:1]), lambda _: new, text)
    return re.sub(r"\s*(?:,|\band\b|\bor\b)\s*(?=\?|$)", "", text)


def with_time(before: str, time: str) -> str:
    """The question before, of another time; appended where it named none."""
    time = time if re.match(r"(?:in|since|by|until|before|after|during|from|between)\b", time, re.IGNORECASE) else f"in {time}"
    if TIME.search(before):
        return TIME.sub(lambda _: time, before, count=1)
    asked, mark, rest = before.partition("?")
    return f"{asked.rstrip()} {time}?{rest}" if mark else f"{before.rstrip()} {time}"


def subject_of(before: str, called: Sequence[str]) -> str:
    """What a question asks about, its systems left out: "How did Boston extend the school day?" -> "extend school day"."""
    return " ".join(content_words(without(before, called))) or before.rstrip(" ?")


def content_words(text: str) -> list[str]:
    """Words that carry meaning, in order, as they are spelled."""
    return [w for w in re.findall(r"[^\W_]+(?:[-'’.,–][^\W_]+)*", text) if re.sub(r"['’]s$", "", w.casefold()) not in _FUNCTION]


def without(text: str, names: Sequence[str]) -> str:
    """The text with a space for each name, its possessive ending included."""
    return re.sub(_any(names) + r"(?:['’]s?)?", " ", text, flags=re.IGNORECASE) if names else text


def _any(names: Sequence[str]) -> str:
    longest = sorted(names, key=lambda name: -len(name))
    return rf"(?<!\w)(?:{'|'.join(map(re.escape, longest))})(?!\w)" if names else r"(?!)"


def joined(names: Sequence[str]) -> str:
    """("Boston", "Denver", "Miami") -> "Boston, Denver and Miami"."""
    return ", ".join(names[:-1]) + f" and {names[-1]}" if len(names) > 1 else "".join(names)
