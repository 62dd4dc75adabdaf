"""Holds the gold questions to the documents: `python -m evals.check_gold [--data DIR] [--relocate] [FILE ...]`.

Without FILE `evals/questions.jsonl` is read. A gold question is one JSON object a line; `Problem`s are
  - a missing or unknown field, an id used twice, a question asked twice;
  - an answerable question without evidence, an unanswerable one with evidence or without `why`;
  - a pooled quote that stands for no evidence there is;
  - a quote that is not a substring of the text of its page, as `python -m casebook page DOCUMENT NUMBER` prints it;
  - a list item that stands in none of the quotes (source notes like [3] set aside);
  - a paraphrase that shares a content word with each of its quotes (compared by their Snowball stems).
Prints one plain line a problem, then the counts by kind, system, theme and split; exits 1 when there is a problem.
`--relocate` first rewrites the page of every quote that now stands on exactly one other page of its document:
typesetting anew moves sentences, and only their words are gold.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import snowballstemmer

from casebook.library import Library
from casebook.settings import load
from evals.gold import FILE as GOLD

THEMES = Path(__file__).parents[1] / "collection" / "themes.toml"
KINDS = frozenset(
    {"figure", "name", "definition", "how", "why", "list", "yes_no", "comparison", "which_systems", "synthesis"}
    | {"dated", "negated", "paraphrase", "misspelled", "alias"}
)
SPLITS = frozenset({"dev", "test"})
NEEDED = {"id", "question", "kind", "systems", "themes", "answerable", "evidence", "split"}
OPTIONAL = {"items", "any_of", "why", "pooled"}

Row = dict[str, Any]
Pages = dict[str, tuple[str, ...]]
"""The text of every page by document id; page number 1 is at 0."""


@dataclass(frozen=True, slots=True)
class Problem:
    id: str
    what: str

    def __str__(self) -> str:
        return f"{self.id}: {self.what}"


def read_gold(paths: Iterable[Path]) -> list[Row]:
    """All rows in order. Raises `ValueError` naming file and line when one is no JSON object."""
    rows: list[Row] = []
    for path in paths:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise ValueError(f"{path}:{number}: not JSON ({error}).") from error
            if not isinstance(row, dict):
                raise ValueError(f"{path}:{number}: not a JSON object.")
            rows.append(row)
    return rows


def read_pages(library: Library) -> Pages:
    return {d.id: tuple(library.page(d.id, n).text for n in range(1, d.page_count + 1)) for d in library.documents()}


# ---------------------------------------------------------------- checks


def check(rows: Sequence[Row], pages: Pages, systems: Iterable[str], themes: Iterable[str]) -> list[Problem]:
    """Every problem of these rows; an empty list means the gold can be used."""
    known_systems, known_themes = set(systems), set(themes)
    problems: list[Problem] = []
    for row in rows:
        id = str(row.get("id", "?"))
        found = list(_shape(row))
        if not found:
            found = [
                *(f"no system is called {s!r}" for s in row["systems"] if s not in known_systems),
                *(f"no theme is called {t!r}" for t in row["themes"] if t not in known_themes),
                *_evidence(row, pages),
                *_words(row),
            ]
        problems += [Problem(id, what) for what in found]
    for field in ("id", "question"):
        counts = Counter(str(row.get(field, "?")).casefold() for row in rows)
        problems += [Problem(value, f"{field} used {n} times") for value, n in counts.items() if n > 1]
    return problems


def _shape(row: Row) -> Iterator[str]:
    if missing := NEEDED - row.keys():
        yield f"lacks {', '.join(sorted(missing))}"
        return
    if unknown := row.keys() - NEEDED - OPTIONAL:
        yield f"has unknown {', '.join(sorted(unknown))}"
    if row["kind"] not in KINDS:
        yield f"no kind is called {row['kind']!r}"
    if row["split"] not in SPLITS:
        yield f"no split is called {row['split']!r}"
    if row["answerable"] and not row["evidence"]:
        yield "answerable without evidence"
    if not row["answerable"] and row["evidence"]:
        yield "unanswerable with evidence"
    if not row["answerable"] and not row.get("why"):
        yield "unanswerable without why"


def _quotes(row: Row) -> list[Row]:
    return [*row["evidence"], *row.get("pooled", ())]


def _evidence(row: Row, pages: Pages) -> Iterator[str]:
    if any(not 0 <= e.get("for", -1) <= len(row["evidence"]) for e in row.get("pooled", ())):
        yield "a pooled quote stands for no evidence there is"
    for e in _quotes(row):
        document, number, quote = e["document"], e["page"], e["quote"]
        if document not in pages:
            yield f"no document is called {document!r}"
        elif not 1 <= number <= len(pages[document]):
            yield f"{document} has no page {number}"
        elif not quote.strip() or quote not in pages[document][number - 1]:
            yield f"not on {document} page {number}: {quote[:80]!r}"


def _words(row: Row) -> Iterator[str]:
    quotes = [plain(e["quote"]) for e in row["evidence"]]
    for item in row.get("items", ()):
        if not any(plain(item) in quote for quote in quotes):
            yield f"item in no quote: {item!r}"
    if row["kind"] == "paraphrase" and row["answerable"]:
        shared: list[set[str]] = [stems(row["question"]) & stems(quote) for quote in quotes]
        if all(shared):
            fewest = min(shared, key=len)
            yield f"paraphrase shares {', '.join(sorted(fewest))}"


def plain(text: str) -> str:
    """Without source notes, apostrophes straight: "Boston’s list[2,3]." -> "Boston's list."."""
    return re.sub(r"\[\d+(?:,\d+)*\]", "", text).replace("’", "'").replace("‘", "'")


_STEMMER = snowballstemmer.stemmer("english")
_FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        """a about after all an and any are as at be been before by did do does each far few for from had has have he her
        his how i in into is it its many more most much not of off on one or other out over own she so some than that the
        their them there these they this those to under up was well were what when where which while who whom whose why
        will with would""",
    )
)


def stems(text: str) -> set[str]:
    """The content words of a text, lower-cased, as Snowball stems: "The teachers were leaving" -> {"teacher", "leav"}."""
    words = re.findall(r"[a-z]+", plain(text).replace("'s", "").casefold())
    return set(_STEMMER.stemWords([word for word in words if word not in _FUNCTION_WORDS and len(word) > 1]))


# ---------------------------------------------------------------- repair, counts, command


def relocate(row: Row, pages: Pages) -> bool:
    """Corrects page numbers in place where the quote stands on exactly one other page; whether any was changed."""
    changed = False
    for e in _quotes(row):
        there = pages.get(e["document"], ())
        if 1 <= e["page"] <= len(there) and e["quote"] in there[e["page"] - 1]:
            continue
        found = [n for n, text in enumerate(there, 1) if e["quote"] in text]
        if len(found) == 1:
            e["page"], changed = found[0], True
    return changed


def counts(rows: Sequence[Row]) -> Iterator[str]:
    """Lines such as "kind: figure 61, list 20"."""

    def line(name: str, values: Callable[[Row], Iterable[str]], of: Iterable[Row]) -> str:
        counted = Counter(value for row in of for value in values(row))
        return f"{name}: " + ", ".join(f"{value} {n}" for value, n in counted.most_common())

    answerable = [row for row in rows if row["answerable"]]
    yield f"{len(rows)} questions, {len(answerable)} answerable, {len(rows) - len(answerable)} not"
    yield line("split", lambda row: [row["split"]], rows)
    yield line("kind (answerable)", lambda row: [row["kind"]], answerable)
    yield line("system (answerable)", lambda row: row["systems"] or ["none named"], answerable)
    yield line("theme (answerable)", lambda row: row["themes"] or ["none"], answerable)
    yield line("document of evidence", lambda row: sorted({e["document"] for e in row["evidence"]}), answerable)


def themes() -> list[str]:
    return [theme["id"] for theme in tomllib.loads(THEMES.read_text(encoding="utf-8"))["theme"]]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m evals.check_gold", description="Hold the gold questions to the documents.")
    parser.add_argument("files", nargs="*", type=Path, help="gold files; none: evals/questions.jsonl")
    parser.add_argument("--data", type=Path, help="the data folder the documents were ingested into")
    parser.add_argument("--relocate", action="store_true", help="correct page numbers of quotes that moved, then check")
    options = parser.parse_args(arguments)
    library = Library(load(data=options.data) if options.data else load())
    pages = read_pages(library)
    files = options.files or [GOLD]
    if options.relocate:
        for path in files:
            rows = read_gold([path])
            moved = [relocate(row, pages) for row in rows]  # every row, so no any() over a generator
            if any(moved):
                path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    rows = read_gold(files)
    problems = check(rows, pages, {d.system for d in library.documents() if d.system}, themes())
    for problem in problems:
        print(problem)
    if not problems:
        print("\n".join(counts(rows)))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
