"""The collection's own questions, with the quotations that answer them: `evals/questions.jsonl`, one JSON object a line.

Keys: id, question, kind, systems, answerable, split ("dev" or "test"), evidence [{document, page, quote}], `any_of`, true
where one of the quotations is enough, and `pooled` [{document, page, quote, for}]: further quotations that say the same, found
by judging what four searches (words, meaning, both, the product's) brought to every question, without knowing which brought
what. `for` is the number of the evidence it stands in for, 0 for another right answer.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

FILE = Path(__file__).with_name("questions.jsonl")


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
    pooled: tuple[tuple[int, Quote], ...] = ()

    def needed(self, pooled: bool = True) -> tuple[tuple[Quote, ...], ...]:
        """What an answer needs: one quotation of each group. Without `pooled` the gold as it was first written."""
        more = self.pooled if pooled else ()
        if self.any_of or len(self.evidence) < 2:
            return ((*self.evidence, *(quote for _, quote in more)),) if self.evidence else ()
        return tuple((own, *(quote for number, quote in more if number == place)) for place, own in enumerate(self.evidence, 1))


def read(split: str = "", file: Path = FILE) -> list[Gold]:
    """Questions of a split ("": of both), in file order."""
    found = [_gold(json.loads(line)) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    return [gold for gold in found if split in ("", gold.split)]


def _gold(row: dict) -> Gold:  # type: ignore[type-arg]
    evidence = tuple(_quote(e) for e in row.get("evidence", ()))
    return Gold(
        row["id"],
        row["question"],
        row["kind"],
        tuple(row.get("systems", ())),
        bool(row["answerable"]),
        evidence,
        bool(row.get("any_of", False)),
        row["split"],
        tuple((int(e["for"]), _quote(e)) for e in row.get("pooled", ())),
    )


def _quote(row: dict) -> Quote:  # type: ignore[type-arg]
    return Quote(row["document"], int(row["page"]), row["quote"])
