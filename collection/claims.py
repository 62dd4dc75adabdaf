"""Holds every source to the facts: `python -m collection.claims [ID ...] [--unused] [--prune]`.

Prints one plain line per problem (file:line: what is wrong) and one line per document; exits 1 when
there is a problem, 2 when the words were wrong. Reads nothing outside this folder.

How figures are compared stands in `collection.figures`, when a sentence repeats a fact in
`collection.wording`.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from collection.figures import Figure, Grounds, figures
from collection.records import Entry, Fact, Heading, Problem, Source, Table, plain
from collection.sources import ROOT, parse, read_catalog, read_facts
from collection.wording import BRITISH, repeats

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
        for match in BRITISH.finditer(text):
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
                if match := BRITISH.search(heading.text):
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
