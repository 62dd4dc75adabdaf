"""Follow-up questions: ``python -m evals.conversations [--data DIR] [--split dev|test|all] [--verbose]``.

Each line of conversations.jsonl is an exchange of two or three questions. Of its last one we ask: after `resolve`, does it
name the systems meant and no other, and hold the words that carry the subject? And does the answer hold the gold passage
(`gold` is the id of a question in questions.jsonl that asks the same in full)? Baselines on the same exchanges: the last
question alone, and all questions run together.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from answer.evidence import stems
from answer.kinds import named_systems
from casebook import asking
from casebook.library import Library
from casebook.records import Answer
from casebook.settings import load
from evals import gold as golds
from evals.gold import Quote

HERE = Path(__file__).resolve().parent


def exchanges(split: str = "all") -> list[dict[str, Any]]:
    lines = (HERE / "conversations.jsonl").read_text(encoding="utf-8").splitlines()
    return [e for e in map(json.loads, lines) if split in ("all", e["split"])]


def understood(exchange: dict[str, Any], resolved: str, names: dict[str, tuple[str, ...]]) -> bool:
    """Whether the resolved question names the systems meant, and them alone, and holds the words of its subject."""
    systems, _ = named_systems(resolved, names)
    there = set(stems(resolved))
    return set(systems) == set(exchange["systems"]) and all(set(stems(word)) <= there for word in exchange["words"])


def holds(answer: Answer, gold: Sequence[Quote]) -> bool:
    """Whether a statement overlaps a gold passage on its page."""
    for citation in (c for s in answer.statements for c in s.citations):
        for passage in gold:
            if citation.document == passage.document and (passage.quote in citation.quote or citation.quote in passage.quote):
                return True
    return False


def run(library: Library, split: str, verbose: bool) -> dict[str, Any]:
    names = asking.names(library.documents())
    gold = {question.id: question for question in golds.read()}
    chosen = exchanges(split)
    result: dict[str, Any] = {"split": split, "exchanges": len(chosen), "understood": 0, "with_gold": 0}
    ways = dict.fromkeys(("follow_up", "last_question_alone", "all_questions_together", "asked_in_full"), 0)
    for exchange in chosen:
        *before, last = exchange["turns"]
        resolved = library.resolve(last, before)
        right = understood(exchange, resolved, names)
        result["understood"] += right
        found = None
        if "gold" in exchange:
            result["with_gold"] += 1
            passages = gold[exchange["gold"]].evidence
            found = holds(library.ask(last, history=before), passages)
            ways["follow_up"] += found
            ways["last_question_alone"] += holds(library.ask(last), passages)
            ways["all_questions_together"] += holds(library.ask(" ".join(exchange["turns"])), passages)
            ways["asked_in_full"] += holds(library.ask(gold[exchange["gold"]].question), passages)
        if verbose:
            print(
                f"{'ok ' if right else 'NO '} {'gold' if found else '-   '} {' | '.join(exchange['turns'])}",
                f"\n        -> {resolved}",
            )
    return {**result, **ways}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--split", choices=("dev", "test", "all"), default="all")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    print(json.dumps(run(Library(load(data=options.data)), options.split, options.verbose), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
