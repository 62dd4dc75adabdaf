"""The collection's own questions, with the quotations that answer them: `evals/gold/*.jsonl`, one JSON object a line.

Keys: id, question, kind, systems, answerable, split ("dev" or "test"), evidence [{document, page, quote}], and `any_of`,
true where one of the quotations is enough.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).with_name("gold")


@dataclass(frozen=True, slots=True)
class Quote:
    document: str
    page: int
    quote: str


@dataclass(frozen=True, slots=True)
class Gold:
    id: str
    question: str
    kind: str
    systems: tuple[str, ...]
    answerable: bool
    evidence: tuple[Quote, ...]
    any_of: bool
    split: str


def read(split: str, folder: Path = FOLDER) -> list[Gold]:
    """Questions of a split, in file order."""
    found = [
        _gold(json.loads(line))
        for file in sorted(folder.glob("*.jsonl"))
        for line in file.open(encoding="utf-8")
        if line.strip()
    ]
    return [gold for gold in found if gold.split == split]


def _gold(row: dict) -> Gold:  # type: ignore[type-arg]
    evidence = tuple(Quote(e["document"], int(e["page"]), e["quote"]) for e in row.get("evidence", ()))
    return Gold(
        row["id"],
        row["question"],
        row["kind"],
        tuple(row.get("systems", ())),
        bool(row["answerable"]),
        evidence,
        bool(row.get("any_of", False)),
        row["split"],
    )
