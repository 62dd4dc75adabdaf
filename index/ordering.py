"""From scores to an order: reference lists after text, repeats collapsed, the reranker's opinion, variety."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from casebook.records import Passage

if TYPE_CHECKING:
    from index.search import Reranker

REFERENCE = 0.5
"""What the score of a passage in a list of references is multiplied by."""

_REFERENCE_HEADING = re.compile(
    r"\s*(\d+[.)]?\s*)?(sources?|references?|bibliography|works cited|literature|(end)?notes|further reading)\W*\Z",
    re.IGNORECASE,
)
_ASKS_FOR_SOURCES = re.compile(r"\b(sources?|references?|cite[sd]?|citations?|bibliograph\w+|publications?)\b", re.IGNORECASE)


def ranked(scores: np.ndarray) -> np.ndarray:
    """Positions by score, best first, ties by position. (n,) int64."""
    return np.lexsort((np.arange(len(scores)), -scores))


def is_reference(heading: str) -> bool:
    """'Sources' -> True, 'Sources of funding' -> False"""
    return _REFERENCE_HEADING.match(heading) is not None


def reference_factor(question: str, passages: Sequence[Passage]) -> np.ndarray:
    """(n,) what each score is multiplied by; 1 for all when the question asks for sources."""
    if _ASKS_FOR_SOURCES.search(question):
        return np.ones(len(passages))
    return np.array([REFERENCE if is_reference(p.heading) else 1.0 for p in passages])


def collapsed(order: np.ndarray, passages: Sequence[Passage]) -> np.ndarray:
    """The order without passages whose letters and digits a better one already has, one by one."""
    seen: set[str] = set()
    kept = []
    for i in order:
        letters = "".join(c for c in passages[i].text.casefold() if c.isalnum())
        if letters not in seen or not letters:
            seen.add(letters)
            kept.append(i)
    return np.array(kept, np.int64)


def reranked(
    reranker: Reranker,
    question: str,
    order: np.ndarray,
    scores: np.ndarray,
    passages: Sequence[Passage],
    count: int,
    weight: float,
) -> tuple[np.ndarray, np.ndarray]:
    """The first `count` of the order by a mix of their own score and the reranker's (0 to 1); the rest stays behind them."""
    head, tail = order[:count], order[count:]
    opinion = reranker.scores(question, [passages[i].plain for i in head])
    mixed = blended(scores[head], opinion, weight)
    final = scores.copy()
    final[head] = mixed
    return np.concatenate([head[ranked(mixed)], tail]), final


def blended(own: np.ndarray, opinion: np.ndarray, weight: float) -> np.ndarray:
    """(n,) the scores stretched to 0 to 1 and mixed with the opinion, lifted above every passage that was not read again."""
    low, high = float(own.min()), float(own.max())
    spread = (own - low) / (high - low) if high > low else np.ones_like(own)
    return np.asarray(np.round(1 + weight * opinion + (1 - weight) * spread, 6))


def in_turn(order: np.ndarray, owners: Sequence[str], rounds: int) -> np.ndarray:
    """The order with the best of every owner ahead, `rounds` of each, best first within a round; "" owns nothing.

    A question that names two systems is to be answered from both, however much better one of them fits its words.
    """
    own: dict[str, list[int]] = {}
    for rank, i in enumerate(order):
        if owners[i]:
            own.setdefault(owners[i], []).append(rank)
    ahead = [rank for turn in range(rounds) for rank in sorted(held[turn] for held in own.values() if len(held) > turn)]
    behind = sorted(set(range(len(order))) - set(ahead))
    return np.asarray(order[[*ahead, *behind]], np.int64)


def diverse(order: np.ndarray, scores: np.ndarray, vectors: np.ndarray, k: int, share: float) -> np.ndarray:
    """Maximal marginal relevance (Carbonell and Goldstein 1998) over the first 3k: `share` of the choice is being unlike
    what was chosen. `vectors` (n, d) are unit rows in the passages' order."""
    left = [int(i) for i in order[: 3 * k]]
    if len(left) < 2:
        return order
    top = max(float(scores[left[0]]), 1e-9)
    chosen = [left.pop(0)]
    while left and len(chosen) < k:
        near = (vectors[left] @ vectors[chosen].T).max(axis=1)
        value = np.round((1 - share) * scores[left] / top - share * near, 6)
        chosen.append(left.pop(int(np.argmax(value))))
    rest = [int(i) for i in order if int(i) not in set(chosen)]
    return np.array([*chosen, *rest], np.int64)
