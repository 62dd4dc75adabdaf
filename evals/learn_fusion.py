"""Learns index/fusion.json: how much each signal counts, given a question's features.

    python -m evals.learn_fusion --sets FOLDER … [--cache FOLDER] [--out FILE] [--check]

Each FOLDER is a BEIR folder that is measured nowhere; every set weighs the same. A passage's score is linear in the products of
signals and features, so the listwise softmax loss (Cao et al. 2007) is convex and L-BFGS finds its one minimum: the same
numbers every time. `--check` leaves each set out in turn and prints what the others would have chosen for it.
"""

from __future__ import annotations

import argparse
import datetime
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import minimize

from evals.beir import build, read
from index import adaptive, signals
from index.adaptive import FEATURES, FILE, Adaptive
from index.encoder import Encoder
from index.signals import NAMES

RIDGE = 0.03
"""Weight of the penalty on slopes; the best of .03, .01, .003 and .001 with each set left out in turn."""
SHARPNESS = 10.0


@dataclass(frozen=True, slots=True)
class Learned:
    """One set's questions: `signals` (c, 5) of all candidates, `relevant` (c,), `starts` (q,) and `features` (q, 10)."""

    name: str
    signals: np.ndarray
    relevant: np.ndarray
    starts: np.ndarray
    features: np.ndarray
    total: np.ndarray

    def slices(self) -> list[slice]:
        ends = [*self.starts[1:], len(self.signals)]
        return [slice(a, b) for a, b in zip(self.starts, ends, strict=True)]


def collect(folder: Path, cache: Path, encoder: Encoder, pool: int = 100) -> Learned:
    """The candidates and signals the product finds for every judged question of a set."""
    beir = read(folder)
    snapshot = build(beir, cache, encoder)
    place = {row[0]: i for i, row in enumerate(beir.rows)}
    scaled, relevant, starts, features, total = [], [], [0], [], []
    for id, text in beir.queries:
        found = signals.gather(snapshot, text, encoder.encode([text])[0], pool, None, None)
        wanted = {place[row] for row in beir.qrels[id]}
        scaled.append(found.scaled)
        relevant.append(np.array([int(row) in wanted for row in found.rows]))
        features.append(adaptive.features(text, found))
        starts.append(starts[-1] + len(found.rows))
        total.append(len(wanted))
    return Learned(
        beir.name, np.vstack(scaled), np.concatenate(relevant), np.array(starts[:-1]), np.array(features), np.array(total)
    )


def learn(sets: Sequence[Learned], ridge: float = RIDGE) -> Adaptive:
    everything = np.vstack([s.features for s in sets])
    center, spread = everything.mean(0), everything.std(0) + 1e-6
    lists, design, weight = [], [], []
    for one in sets:
        standard = np.clip((one.features - center) / spread, -2.5, 2.5)
        for part, row in zip(one.slices(), standard, strict=True):
            if one.relevant[part].any():
                lists.append((one.signals[part], one.relevant[part].astype(float)))
                design.append([1.0, *row])
                weight.append(1 / len(one.features))
    shares = np.array(weight) / np.sum(weight)
    x, y = np.vstack([a for a, _ in lists]), np.concatenate([b for _, b in lists])
    lengths = np.array([len(a) for a, _ in lists])
    starts, which = np.concatenate([[0], np.cumsum(lengths)[:-1]]), np.repeat(np.arange(len(lists)), lengths)
    f = np.array(design)

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        p = flat.reshape(len(NAMES), -1)
        score = SHARPNESS * (x * (f @ p.T)[which]).sum(1)
        e = np.exp(score - np.maximum.reduceat(score, starts)[which])
        all_, good = np.add.reduceat(e, starts), np.add.reduceat(e * y, starts)
        value = -(shares * np.log(good / all_ + 1e-12)).sum()
        slope = (e * y / np.maximum(good, 1e-12)[which] - e / all_[which]) * shares[which] * SHARPNESS
        gradient = -(np.add.reduceat(slope[:, None] * x, starts).T @ f)
        penalty = p.copy()
        penalty[:, 0] *= 0.02
        return value + ridge * float((penalty * p).sum()), (gradient + 2 * ridge * penalty).ravel()

    start = np.hstack([np.full((len(NAMES), 1), 0.2), np.zeros((len(NAMES), len(FEATURES)))])
    p = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options={"maxiter": 500}).x.reshape(len(NAMES), -1)
    return Adaptive(p[:, 0], p[:, 1:], center, spread)


def ndcg(one: Learned, model: Adaptive | np.ndarray) -> float:
    """Mean nDCG@10 with relevance 0 or 1, for choosing alone; what is published is measured by ir-measures."""
    values = []
    for part, features, total in zip(one.slices(), one.features, one.total, strict=True):
        weights = model if isinstance(model, np.ndarray) else model.weights(features)
        order = np.argsort(-np.round(one.signals[part] @ weights, 6), kind="stable")[:10]
        gained = sum(1 / math.log2(rank + 2) for rank, i in enumerate(order) if one.relevant[part][i])
        values.append(gained / sum(1 / math.log2(rank + 2) for rank in range(min(10, total))))
    return float(np.mean(values))


def check(sets: Sequence[Learned]) -> None:
    fixed = {"words": np.eye(5)[0], "meaning": np.eye(5)[1], "equal": np.array([0.5, 0.5, 0, 0, 0])}
    for one in sets:
        others = [s for s in sets if s is not one]
        row = {name: ndcg(one, weights) for name, weights in fixed.items()}
        row["constant"] = ndcg(one, learn(others, 100.0))
        row.update({f"ridge {ridge}": ndcg(one, learn(others, ridge)) for ridge in (0.03, 0.01, 0.003, 0.001)})
        print(f"{one.name:16}", "  ".join(f"{name} {value:.4f}" for name, value in row.items()), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", type=Path, nargs="+", required=True)
    parser.add_argument("--cache", type=Path, default=Path("build/bench"))
    parser.add_argument("--out", type=Path, default=FILE)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    encoder = Encoder()
    sets = [collect(folder, options.cache, encoder) for folder in options.sets]
    if options.check:
        check(sets)
    model = learn(sets)
    options.out.write_text(
        json.dumps(
            {
                "made_by": "python -m evals.learn_fusion --sets " + " ".join(s.name for s in sets),
                "date": datetime.date.today().isoformat(),
                "encoder_sha256": encoder.weights_sha256,
                "ridge": RIDGE,
                "questions": {s.name: len(s.features) for s in sets},
                "signals": NAMES,
                "features": FEATURES,
                "constant": np.round(model.constant, 5).tolist(),
                "slopes": np.round(model.slopes, 5).tolist(),
                "center": np.round(model.center, 5).tolist(),
                "spread": np.round(model.spread, 5).tolist(),
            },
            indent=1,
        )
        + "\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    main()
