"""Holds every source to the facts: `python -m collection.claims [ID ...] [--unused] [--prune]`.

Prints one plain line per problem (file:line: what is wrong) and one line per document; exits 1 when
there is a problem, 2 when the words were wrong. Reads nothing outside this folder.

Figures. A sentence's figures (a table row's, likewise) must each stand in a fact cited in that
sentence: in its claim, figures or period, or, for a year, in its source's title. Compared are values:
57,050 = 57050, "$1.2 million" = "$1.2m", "twelve" = 12, 2010-11 = 2010-2011 = 2010–11. "one",
fractions (half, third, quarter) and spelled ordinals are no figures; "22nd" and the "three" of "three
quarters" are.
"74 percent" needs a 74 that some cited fact does not use for points only, "12 percentage points" one
that is not percent only. A school year stands in one fact; a longer span may begin in one fact and
end in another.

Wording. A sentence of more than 12 words repeats a fact when, against any one fact it cites (any fact
at all, when it cites none), both lower-cased and stripped of punctuation,
  - they share a run of 10 words or more, or
  - they are alike by 85 of 100 or more, letters compared in order (rapidfuzz `ratio`) or, for a fact
    of 9 words or more, words in any order (`token_sort_ratio`), or
  - a fact of 9 words or more stands in a longer sentence, alike by 90 or more (`partial_ratio`).
Measured on our facts: of 1,089 claims with one or two words changed at random 98 in 100 are caught, of
730 with two clauses swapped all. Of the drafts' sentences that scored 80 to 84 a reader would call most
honest paraphrases; of those at 85 and more, hardly any.
Quoted words ("...") count too: a quotation is short or it is paraphrased.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from functools import lru_cache
from itertools import combinations
from pathlib import Path

import yaml
from rapidfuzz import fuzz

from collection.sources import (
    ROOT,
    Entry,
    Fact,
    Heading,
    Problem,
    Source,
    Table,
    parse,
    plain,
    read_catalog,
    read_facts,
)

# ---------------------------------------------------------------- figures

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
    text = _normal(text)
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


def _normal(text: str) -> str:
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


# ---------------------------------------------------------------- wording

_LONG = 12  # words; shorter sentences cannot help sounding like their fact
_RUN = 10
_ALIKE = 85
_INSIDE = 90
_CLAIM_FROM = 9  # words; shorter claims are alike by chance


@lru_cache(maxsize=4096)
def words(text: str) -> tuple[str, ...]:
    """The lower-cased words and numbers of a text, without punctuation."""
    return tuple(re.findall(r"[a-z0-9]+(?:[.,'’][a-z0-9]+)*", _normal(text)))


@lru_cache(maxsize=4096)
def _runs(text: str) -> frozenset[tuple[str, ...]]:
    """Every run of _RUN words."""
    found = words(text)
    return frozenset(found[start : start + _RUN] for start in range(len(found) - _RUN + 1))


def repeats(sentence: str, claim: str) -> str:
    """How a sentence repeats a claim by the rule above; empty when it does not."""
    ours, theirs = words(sentence), words(claim)
    if len(ours) <= _LONG:
        return ""
    if not _runs(sentence).isdisjoint(_runs(claim)):
        run = SequenceMatcher(None, ours, theirs, autojunk=False).find_longest_match()
        return f"shares {run.size} words in a row: “{' '.join(ours[run.a : run.a + run.size])}”"
    sentence, claim = " ".join(ours), " ".join(theirs)
    alike = fuzz.ratio(sentence, claim)
    if len(theirs) >= _CLAIM_FROM:
        alike = max(alike, fuzz.token_sort_ratio(sentence, claim))
        if len(theirs) <= len(ours) and fuzz.partial_ratio(claim, sentence) >= _INSIDE:
            return "holds nearly all of its words"
    return f"is {alike:.0f} of 100 like it" if alike >= _ALIKE else ""


# ---------------------------------------------------------------- spelling and form

# Common British spellings, not all: what writers of these facts are most likely to carry over.
_BRITISH = re.compile(
    r"""\b(
      enrol(?:s|ment|ments)?|programmes?|centres?|centred|theatres?|metres?|fibre|calibre
    | (?:mis)?behaviour\w*|(?:colour|favour|labour|honour|neighbour|endeavour|rumour|humour)\w*|rigour
    | (?:organ|reorgan|recogn|real|priorit|stabil|special|summar|standard|central|decentral|minim|maxim
       |critic|util|author|mobil|custom|personal|penal|character|institutional|categor|apolog|final
       |formal|subsid|social|general|equal|modern|optim|emphas|capital|public|revital|scrutin|legal
       |normal|rational)is(?:e|es|ed|ing|ation|ations|er|ers)
    | analyse|analysed|analysing|paralysed|catalys(?:e|ed|ing)|practis(?:e|ed|es|ing)
    | licence[sd]?|defence|offence|pretence|maths|whilst|amongst|judgements?|acknowledgements?
    | travell(?:ed|ing|er|ers)|modell(?:ed|ing)|labell(?:ed|ing)|cancell(?:ed|ing)
    | counsell(?:or|ors|ing|ed)|channell(?:ed|ing)|fulfil(?:s|ment)?|skilful|instalments?|ageing
    | learnt|spelt|cheques?|sceptic\w*|manoeuvre\w*|per\ cent|towards|fortnight
    )\b""",
    re.VERBOSE | re.IGNORECASE,
)  # fmt: skip

_SINGLE = re.compile(r"\breportedly\b|\bsingle[ -]source\b|\ba single\b.{0,30}\bsource\b", re.IGNORECASE)

CASE_KINDS = {"district", "operator"}
_HEADINGS = (
    "Overview", "Quick facts", "Context and scale", "The approach", "Leadership and staffing",
    "Teacher pipeline", "Time", "Instruction and data", "School culture and student supports",
    "Community and partners", "Autonomy and accountability", "Central-office supports",
    "Cost and funding", "Results", "Challenges and sustainability", "Scaling up", "Lessons",
)  # fmt: skip
CASE_WORDS = range(2500, 4201)
QUICK_ROWS = range(8, 15)


def case_headings(kind: str) -> list[str]:
    """The headings of a case in order; kind is "district" or "operator"."""
    own = "Network supports" if kind == "operator" else "Central-office supports"
    return [own if heading == "Central-office supports" else heading for heading in _HEADINGS]


# ---------------------------------------------------------------- one document


@dataclass(frozen=True, slots=True)
class Report:
    source: Source
    kind: str
    words: int
    sentences: int
    noted: int  # sentences that carry a note
    facts_used: int
    facts_available: int
    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        share = 100 * self.noted / self.sentences if self.sentences else 0.0
        return (
            f"{self.source.id}: {self.words:,} words, {self.sentences} sentences, {share:.0f}% with notes, "
            f"{self.facts_used} facts of {self.facts_available}, {len(self.problems)} problems"
        )


def check(source: Source, kind: str, facts: dict[str, Fact]) -> Report:
    """All problems of one source, by line. `kind` is the catalog's; cases are held to more rules."""
    check = _Check(source, facts)
    check.prose()
    check.tables()
    check.form()
    count = word_count(source)
    if kind in CASE_KINDS:
        check.case(kind, count)
    sentences = list(source.sentences())
    cited = {fact for fact in source.facts() if fact in facts}
    # A case draws on its system's file; the others on every file they cite.
    files = {source.id.replace("-", "_")} & {_file(fact) for fact in facts} or {_file(f) for f in cited}
    return Report(
        source,
        kind,
        count,
        len(sentences),
        sum(bool(sentence.facts) for sentence in sentences),
        sum(_file(fact) in files for fact in cited),
        sum(_file(fact) in files for fact in facts),
        tuple(sorted(check.problems, key=lambda problem: problem.line)),
    )


def word_count(source: Source) -> int:
    """Words of paragraphs, list items and table cells, without headings and notes."""
    prose = sum(len(plain(paragraph.runs).split()) for paragraph in source.paragraphs())
    rows = (row for table in source.tables() for row in (table.header, *table.rows))
    return prose + sum(len(plain(cell).split()) for row in rows for cell in row.cells)


def _file(fact_id: str) -> str:
    return fact_id.rpartition("-")[0]


class _Check:
    def __init__(self, source: Source, facts: dict[str, Fact]) -> None:
        self.source, self.facts = source, facts
        self.problems: list[Problem] = list(source.problems)

    def add(self, line: int, text: str) -> None:
        self.problems.append(Problem(self.source.path, line, text))

    def prose(self) -> None:
        for sentence in self.source.sentences():
            self.statement(sentence.text, sentence.facts, sentence.line)
            if sentence.note_is_late:
                self.add(sentence.line, "a note stands after the full stop; it belongs before it")
            if "%" in sentence.text:
                self.add(sentence.line, f"“%” in prose, write “percent”: {_short(sentence.text)}")
            self.wording(sentence.text, sentence.facts, sentence.line)

    def tables(self) -> None:
        for table in self.source.tables():
            for row in table.rows:
                self.statement(row.text, row.facts, row.line)
                if not row.facts:
                    self.add(row.line, f"a table row without a note: {_short(row.text)}")
                if len(row.cells) != len(table.header.cells):
                    self.add(row.line, f"{len(row.cells)} cells under {len(table.header.cells)} headings")
            together = [fact for row in table.rows for fact in row.facts]
            for figure, why in self.ungrounded(table.header.text, together):
                self.add(table.header.line, f"“{figure.shown}” in the table's heading {why} in its rows")

    def statement(self, text: str, cited: Sequence[str], line: int) -> None:
        """Notes, figures, confidence and spelling of one sentence or row."""
        for fact in cited:
            if fact not in self.facts:
                self.add(line, f"unknown fact {fact}")
        if not cited and (found := figures(text)):
            self.add(line, f"a figure (“{found[0].shown}”) and no note: {_short(text)}")
        elif cited:
            for figure, why in self.ungrounded(text, cited):
                self.add(line, f"“{figure.shown}” {why} ({', '.join(cited)}): {_short(text)}")
        for fact in cited:
            if fact in self.facts and self.facts[fact].confidence == "low" and not _SINGLE.search(text):
                self.add(line, f"{fact} is of low confidence: say “reportedly” or “a single source”")
        for match in _BRITISH.finditer(text):
            self.add(line, f"British spelling “{match.group()}”")
        if re.search(r"https?://|www\.", text):
            self.add(line, f"an address in the text: {_short(text)}")
        if re.search(r"@[a-z_]+-\d|\[\^|\[@", text):
            self.add(line, f"a note that cannot be read: {_short(text)}")

    def ungrounded(self, text: str, cited: Sequence[str]) -> Iterator[tuple[Figure, str]]:
        grounds = Grounds.of(self.facts[fact] for fact in cited if fact in self.facts)
        for figure in figures(text):
            if why := grounds.refusal(figure):
                yield figure, why

    def wording(self, text: str, cited: Sequence[str], line: int) -> None:
        for fact in cited or self.facts:
            if fact in self.facts and (how := repeats(text, self.facts[fact].claim)):
                self.add(line, f"repeats {fact}, {how}")

    def form(self) -> None:
        for section in self.source.sections:
            headings = [section.heading, *(b for b in section.blocks if isinstance(b, Heading))]
            if section.heading is None:
                self.add(1, "text before the first ## heading")
            for heading in filter(None, headings):
                if heading.level not in (2, 3):
                    self.add(heading.line, f"a heading of level {heading.level}; only ## and ### are used")
                if found := figures(heading.text):
                    self.add(heading.line, f"a figure (“{found[0].shown}”) in a heading")
                if match := _BRITISH.search(heading.text):
                    self.add(heading.line, f"British spelling “{match.group()}”")

    def case(self, kind: str, count: int) -> None:
        wanted = case_headings(kind)
        found = [s.heading for s in self.source.sections if s.heading]
        for name in wanted:
            if name not in [heading.text for heading in found]:
                self.add(1, f"heading missing: {name}")
        known = [heading for heading in found if heading.text in wanted]
        for heading in found:
            if heading.text not in wanted:
                self.add(heading.line, f"heading not in the README's list: {heading.text}")
        for before, after in zip(known, known[1:], strict=False):
            if wanted.index(after.text) <= wanted.index(before.text):
                self.add(after.line, f"heading out of order: {after.text} after {before.text}")
        if count not in CASE_WORDS:
            self.add(1, f"{count:,} words; a case has {CASE_WORDS[0]:,} to {CASE_WORDS[-1]:,}")
        self.quick_facts()

    def quick_facts(self) -> None:
        tables = list(self.source.tables())
        if len(tables) > 2:
            self.add(tables[2].line, f"{len(tables)} tables; Quick facts and one more are allowed")
        for section in self.source.sections:
            if not section.heading or section.heading.text != "Quick facts":
                continue
            own = [block for block in section.blocks if isinstance(block, Table)]
            if len(own) != 1 or len(section.blocks) != 1:
                self.add(section.heading.line, "Quick facts is one table and nothing else")
            for table in own[:1]:
                if len(table.header.cells) != 2:
                    self.add(table.line, f"Quick facts has two columns, not {len(table.header.cells)}")
                if len(table.rows) not in QUICK_ROWS:
                    self.add(table.line, f"{len(table.rows)} rows in Quick facts; 8 to 14 are wanted")


def _short(text: str) -> str:
    return text if len(text) <= 90 else text[:87].rsplit(" ", 1)[0] + " …"


# ---------------------------------------------------------------- the command


def prune(folder: Path, used: set[str]) -> int:
    """Rewrites facts/*.yaml without the facts nobody cites; returns how many went. Ids do not change."""
    gone = 0
    for path in sorted(folder.glob("*.yaml")):
        rows = yaml.safe_load(path.read_text(encoding="utf-8"))
        kept = [row for row in rows if row["id"] in used]
        gone += len(rows) - len(kept)
        if len(kept) < len(rows):
            text = yaml.dump(kept, sort_keys=False, allow_unicode=True, width=110)
            path.write_text(text, encoding="utf-8")
    return gone


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(prog="python -m collection.claims", description="Holds every source to the facts.")
    parser.add_argument("ids", nargs="*", metavar="ID", help="documents to check; none: all")
    parser.add_argument("--unused", action="store_true", help="list the facts no checked document cites")
    parser.add_argument("--prune", action="store_true", help="remove facts that no source at all cites")
    chosen = parser.parse_args(arguments)
    facts, entries = read_facts(root / "facts"), read_catalog(root / "catalog.toml")
    written = {path.stem: path for path in sorted((root / "sources").glob("*.md"))}
    for id in chosen.ids:
        if id not in written:
            print(f"no sources/{id}.md; there are: {', '.join(written) or 'none yet'}", file=sys.stderr)
            return 2
    sources = {id: _read(written[id], root) for id in chosen.ids or written}
    reports = [check(source, _kind(id, entries), facts) for id, source in sources.items()]
    problems = [problem for report in reports for problem in report.problems]
    if not chosen.ids:
        problems += _catalog_problems(entries, written, root)
    for line in [*problems, *reports]:
        print(line)
    used = {fact for source in sources.values() for fact in source.facts()}
    if chosen.unused:
        _print_unused(facts, used, chosen.ids)
    if chosen.prune:
        if chosen.ids or problems:
            print("--prune needs a clean check of all documents; nothing was removed", file=sys.stderr)
            return 2 if chosen.ids else 1
        print(f"{prune(root / 'facts', used)} facts removed")
    return 1 if problems else 0


def _read(path: Path, root: Path) -> Source:
    try:
        shown = path.relative_to(Path.cwd())
    except ValueError:
        shown = path.relative_to(root)
    return parse(path.read_text(encoding="utf-8"), path.stem, shown)


def _kind(id: str, entries: dict[str, Entry]) -> str:
    return entries[id].kind if id in entries else ""


def _catalog_problems(entries: dict[str, Entry], written: dict[str, Path], root: Path) -> list[Problem]:
    catalog = root / "catalog.toml"
    missing = [f"no source yet for {id}" for id in entries if id not in written]
    extra = [f"sources/{id}.md is not in the catalog" for id in written if id not in entries]
    return [Problem(catalog, 1, text) for text in [*missing, *extra]]


def _print_unused(facts: dict[str, Fact], used: set[str], ids: Sequence[str]) -> None:
    files = {id.replace("-", "_") for id in ids}
    for id, fact in facts.items():
        if id not in used and (not files or _file(id) in files):
            print(f"unused {id} ({fact.theme}, {fact.confidence}): {_short(fact.claim)}")


if __name__ == "__main__":
    sys.exit(main())
