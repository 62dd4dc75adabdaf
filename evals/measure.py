"""Measures of answers: does a quotation hold a fact, and does confidence tell right from wrong. Pure functions."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from answer.evidence import stems
from index.lexical import STOPWORDS

_NOTE = re.compile(r"\[[\d,\s–-]+\]")
_FIGURE = re.compile(r"\d[\d.,]*")


def plain(text: str) -> str:
    """Letters and digits only, casefolded, notes such as [3,4] left out, one space between words."""
    text = _NOTE.sub(" ", unicodedata.normalize("NFKC", text)).casefold()
    return " ".join(re.findall(r"[^\W_]+", text))


@lru_cache(maxsize=20_000)
def _content(text: str) -> frozenset[str]:
    return frozenset(s for s in stems(_NOTE.sub(" ", text)) if s not in STOPWORDS)


def figures(text: str) -> set[str]:
    return {f.strip(".,") for f in _FIGURE.findall(_NOTE.sub(" ", text))}


def says(quote: str, text: str, share: float = 0.7) -> bool:
    """Whether `text` says what `quote` says: one holds the other, or it has all figures and `share` of the words."""
    a, b = plain(quote), plain(text)
    if not a or not b:
        return False
    if a in b or (b in a and len(b) > 0.5 * len(a)):
        return True
    words = _content(quote)
    return figures(quote) <= figures(text) and len(words & _content(text)) >= share * len(words)


def auroc(scores: Sequence[float], labels: Sequence[bool]) -> float:
    """Chance that a positive scores above a negative, ties half (Mann and Whitney 1947); nan without both."""
    from scipy.stats import rankdata

    marks = np.asarray(labels, bool)
    positive, negative = int(marks.sum()), int((~marks).sum())
    if not positive or not negative:
        return float("nan")
    ranks = rankdata(np.asarray(scores, float))
    return float((ranks[marks].sum() - positive * (positive + 1) / 2) / (positive * negative))


def calibration_error(confidences: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Expected calibration error over equal-width bins (Naeini, Cooper and Hauskrecht 2015)."""
    c, r = np.asarray(confidences, float), np.asarray(right, float)
    bin_of = np.minimum((c * bins).astype(int), bins - 1)
    return float(sum(abs(c[bin_of == b].mean() - r[bin_of == b].mean()) * (bin_of == b).mean() for b in set(bin_of.tolist())))


def risk_coverage(confidences: Sequence[float], right: Sequence[bool], points: int = 20) -> list[tuple[float, float]]:
    """(coverage, risk): of the most confident share of questions, how many are wrong (El-Yaniv and Wiener 2010)."""
    order = np.argsort(-np.asarray(confidences, float), kind="stable")
    wrong = 1 - np.asarray(right, float)[order]
    counts = np.unique(np.linspace(1, len(wrong), min(points, len(wrong))).round().astype(int))
    return [(round(float(n) / len(wrong), 4), round(float(wrong[:n].mean()), 4)) for n in counts]


def f1(precision: float, recall: float) -> float:
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0
