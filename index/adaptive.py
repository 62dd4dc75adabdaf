"""The fusion that adapts: a question's own features choose how much each signal counts for it.

A passage's score is the weighted sum of its signals (`index.signals.NAMES`); a weight is a constant plus a linear function of
the question's features, never below zero, all brought to a sum of one. The coefficients in fusion.json were learned by
`python -m evals.learn_fusion` (listwise softmax loss, Cao et al. 2007) on sets that are measured nowhere.
"""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from index.signals import NAMES, Candidates

FILE = Path(__file__).with_name("fusion.json")
FEATURES = (
    "words",
    "digits",
    "capitals",
    "rarest",
    "missing",
    "agreement",
    "words_gap",
    "meaning_gap",
    "best_cosine",
    "coverage",
)
_CAPITAL = re.compile(r"(?<![.?!]\s)(?<!^)\b[A-Z]\w+")


def features(question: str, candidates: Candidates) -> np.ndarray:
    """(10,) float64, each about 0 to 1, in the order of `FEATURES`; nothing is computed that search had not."""
    words = question.split()
    rare = list(candidates.rarity.values()) or [0.0]
    scaled = candidates.scaled
    count = max(len(candidates.rows), 1)
    tops = [set(np.lexsort((candidates.rows, -scaled[:, side]))[:10].tolist()) for side in (0, 1)]
    ceiling = max(rare)
    return (
        np.array(
            [
                min(len(words), 30) / 30,
                float(any(c.isdigit() for c in question)),
                min(len(_CAPITAL.findall(question)), 5) / 5,
                ceiling / 10,
                sum(r >= ceiling and r > 5 for r in rare) / len(rare),
                len(tops[0] & tops[1]) / 10,
                _gap(scaled[:, 0]),
                _gap(scaled[:, 1]),
                float(candidates.dense.max(initial=0.0)),
                float(scaled[:, 3].max(initial=0.0)),
            ]
        )
        if count
        else np.zeros(len(FEATURES))
    )


def _gap(scores: np.ndarray) -> float:
    """How far the best score stands above the tenth."""
    ordered = np.sort(scores)[::-1]
    return float(ordered[0] - ordered[min(9, len(ordered) - 1)]) if len(ordered) else 0.0


@dataclass(frozen=True, slots=True)
class Adaptive:
    """`constant` (5,) and `slopes` (5, 10); `center` and `spread` (10,) standardize the features."""

    constant: np.ndarray
    slopes: np.ndarray
    center: np.ndarray
    spread: np.ndarray

    def weights(self, found: np.ndarray) -> np.ndarray:
        """(features,) -> (signals,) that sum to one, in the order of `index.signals.NAMES`."""
        standard = np.clip((found - self.center) / self.spread, -2.5, 2.5)
        raw = np.maximum(self.constant + self.slopes @ standard, 0.0)
        total = float(raw.sum())
        return raw / total if total > 0 else np.full(len(NAMES), 1 / len(NAMES))


@functools.cache
def load(file: Path = FILE) -> Adaptive:
    values = json.loads(file.read_text(encoding="utf-8"))
    if tuple(values["signals"]) != NAMES or tuple(values["features"]) != FEATURES:
        raise ValueError(f"{file.name} was learned for other signals or features: run python -m evals.learn_fusion")
    return Adaptive(*(np.array(values[key], np.float64) for key in ("constant", "slopes", "center", "spread")))


def explain(weights: np.ndarray) -> str:
    """One line for the interface: how much the words counted and how much the meaning."""
    words = float(weights[0] + weights[3] + weights[4])
    return f"words {round(100 * words)} %, meaning {round(100 * (1 - words))} %"
