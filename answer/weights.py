"""What was learned from development questions: weights of a quotation's score, and of the confidence in an answer.

`calibration.json` is written by `python -m evals.calibrate`, which names there the commit, the command and the questions it
was fitted on; no test split is among them. There is one set for answers chosen with the cross-encoder and one for without, and
in each a second confidence, "unasked", for documents that nobody wrote questions for; and both once more ("…_judged") for
answers that the judge has read.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

FILE = Path(__file__).with_name("calibration.json")


@dataclass(frozen=True, slots=True)
class Calibration:
    """confidence = sigmoid(bias + weights · signals); `points` names the confidence each operating point asks."""

    bias: float
    weights: Mapping[str, float]
    points: Mapping[str, float]


@functools.cache
def ranking(with_selector: bool) -> np.ndarray:
    """(features,) float64 weights of a quotation's score, in the order of `answer.evidence.FEATURES`."""
    return np.array(list(_read(with_selector)["ranking"].values()), np.float64)


@functools.cache
def calibration(with_selector: bool, unasked: bool = False, judged: bool = False) -> Calibration:
    values = _read(with_selector)[("unasked" if unasked else "confidence") + ("_judged" if judged else "")]
    return Calibration(values["bias"], values["weights"], values["points"])


def _read(with_selector: bool) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))[
        "with_selector" if with_selector else "without_selector"
    ]
    return found
