"""What a bench may not ask because the cross-encoder has learned from it: half of the articles of the SQuAD 2.0 part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from evals.beir import BeirSet
from training.traps import is_training

TRAINED_IN_PART = "squad2"


def unseen(beir: BeirSet) -> BeirSet:
    """The set with the questions whose paragraphs were not trained on; the passages searched stay all of them."""
    if beir.name != TRAINED_IN_PART:
        return beir
    kept = [(id, text) for id, text in beir.queries if may_ask(beir.name, list(beir.qrels[id]))]
    return replace(beir, queries=kept, qrels={id: beir.qrels[id] for id, _ in kept})


def may_ask(name: str, paragraphs: Sequence[str]) -> bool:
    """Whether a question of the set `name` on these paragraphs was left out of training."""
    return name != TRAINED_IN_PART or not any(is_training(paragraph) for paragraph in paragraphs)
