"""Fits what `answer/calibration.json` holds, on development questions only.

    python -m evals.calibrate --data DATA --cache CACHE [--written N] [--open FOLDER]

1. Weights of a quotation's score: logistic regression on differences between a quotation that answers and one of the same
   question that does not (Joachims 2002, "Optimizing search engines using clickthrough data"), so a score is log-odds.
2. Confidence: logistic regression of "the answer holds the gold" on the signals of `answer.abstain`.
3. Operating points: on confidences of questions left out of the fit (five parts), the confidence below which 3 %
   (generous), 8 % (balanced) or 20 % (careful) of the answerable questions fall.

The collection's dev questions are always used. --written adds up to N answerable and N unanswerable ones of those written for
training on passages that were held out of it (`training.written`), the unanswerable ones weighed down to their share among the
dev questions, and the broad questions of `evals.hundred`. Operating points are of the dev questions alone. --open adds a BEIR
folder of questions with gold sentences under `metadata.gold` (those the selector was developed on, see training/README.md), for
the scores alone.

A second confidence, "unasked", is for documents nobody wrote questions for: the same questions, asked of the collection without
its written ones. Both are fitted once more ("…_judged") with the judge's verdict among the signals.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from answer import abstain, evidence, judging, select, weights
from answer.evidence import FEATURES, Relevance
from answer.select import SelectSettings
from casebook.asking import Asked, Asking, prepare
from casebook.library import Library, systems_of
from casebook.settings import load
from evals import answers, bench, measure
from evals.beir import snapshot_from_beir
from evals.hundred import QUESTIONS
from evals.memo import remembered
from index import judge
from index.search import clean_question

REFUSED = {"careful": 0.20, "balanced": 0.08, "generous": 0.03}
PARTS = 5
THEME, THEMES = "theme", 1.0
"""The kind and the weight of a broad question on a theme."""
WRITTEN = 0.3
"""Weight of a written question beside one of dev; of 0, .3 and 1 it refused most of dev's unanswerable ones left out."""


@dataclass(slots=True)
class Case:
    """A question with its candidates; `marks` (n,) tells which of them hold the gold."""

    task: answers.Task
    asked: Asked
    marks: np.ndarray

    @property
    def parts(self) -> np.ndarray:
        return np.array([c.parts for c in self.asked.found])


def cases(tasks: Sequence[answers.Task], asking: Asking) -> list[Case]:
    found = []
    for task in tasks:
        asked = prepare(asking, clean_question(task.question))
        marks = np.array([task.says([c.text]) > 0 if task.answerable else False for c in asked.found], bool)
        found.append(Case(task, asked, marks))
    return found


def fit_ranking(found: Sequence[Case]) -> np.ndarray:
    """(features,) weights such that the difference of two scores is the log-odds that the first is the one that answers."""
    differences, shares = [], []
    for case in found:
        if case.marks.any() and not case.marks.all():
            parts = case.parts
            pairs = (parts[case.marks][:, None] - parts[~case.marks][None]).reshape(-1, parts.shape[1])
            differences.append(pairs)
            shares.append(np.full(len(pairs), 1 / len(pairs)))
    x, share = np.concatenate(differences), np.concatenate(shares)
    both, labels = np.concatenate([x, -x]), np.r_[np.ones(len(x)), np.zeros(len(x))]
    model = LogisticRegression(C=1.0, fit_intercept=False, max_iter=1000)
    return np.asarray(model.fit(both, labels, sample_weight=np.r_[share, share]).coef_[0], float)


@dataclass(frozen=True, slots=True)
class Readers:
    """The selector and the judge, None where they are not to be asked; `titles` is what the judge is told of a document."""

    relevance: Relevance | None = None
    verdict: Relevance | None = None
    titles: Mapping[str, str] = field(default_factory=dict)

    def read(self, case: Case) -> Case:
        """The case with what both say of its best candidates."""
        asked = case.asked
        found = evidence.read_passages(asked.question, asked.found, asked.evidence.hits, self.relevance)
        found = judging.judge(asked.question, found, self.titles, self.verdict)
        return Case(case.task, replace(asked, found=found), case.marks)


def rescored(case: Case, ranking: np.ndarray) -> Case:
    found = [replace(c, score=round(float(ranking @ c.parts), 6)) for c in case.asked.found]
    order = evidence.ranked(found)
    marks = {id(c): bool(m) for c, m in zip(found, case.marks, strict=True)}
    return Case(case.task, replace(case.asked, found=order), np.array([marks[id(c)] for c in order], bool))


def right(case: Case) -> bool:
    """Whether the answer that would be given holds the gold."""
    chosen = select.select(case.asked.question, case.asked.found, SelectSettings())
    return case.task.answerable and case.task.says([c.text for c in chosen]) > 0


def fit_confidence(found: Sequence[Case], written: Sequence[Case] = ()) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what calibration.json holds, what is known of it from dev questions left out); `written` only help to fit."""
    x, more = np.array([_signals(c) for c in found]), np.array([_signals(c) for c in written]).reshape(-1, len(abstain.SIGNALS))
    y, answerable = np.array([right(c) for c in found]), np.array([c.task.answerable for c in found])
    more_y, weight = np.array([right(c) for c in written], bool), _weights(answerable, written)
    part = np.arange(len(found)) % PARTS
    left_out = np.zeros(len(found))
    for i in range(PARTS):
        kept = part != i
        ones = np.r_[np.ones(kept.sum()), weight]
        left_out[~kept] = _logistic(np.r_[x[kept], more], np.r_[y[kept], more_y], ones).chance(x[~kept])
    model = _logistic(np.r_[x, more], np.r_[y, more_y], np.r_[np.ones(len(x)), weight])
    points = {name: round(float(np.quantile(left_out[answerable], share)), 4) for name, share in REFUSED.items()}
    held = {"bias": round(model.bias, 4), "points": points}
    held["weights"] = {name: round(float(w), 4) for name, w in zip(abstain.SIGNALS, model.weights, strict=True)}
    known = {
        "questions": len(found),
        "right": int(y.sum()),
        "abstention_auroc": round(measure.auroc(left_out, answerable), 4),
        "right_answer_auroc": round(measure.auroc(left_out, y), 4),
        "expected_calibration_error": round(measure.calibration_error(left_out, y), 4),
        "unanswerable_refused": {n: round(float((left_out[~answerable] < p).mean()), 4) for n, p in points.items()},
    }
    return held, known


def _weights(answerable: np.ndarray, written: Sequence[Case]) -> np.ndarray:
    """(written,) `WRITTEN` for an answerable question; the others together weigh as much beside them as they do on dev."""
    asks = np.array([c.task.answerable and c.task.kind != THEME for c in written], bool)
    themes = np.array([c.task.kind == THEME for c in written], bool)
    share = (~answerable).sum() / max(1, answerable.sum()) * asks.sum() / max(1, (~asks & ~themes).sum())
    return np.where(themes, THEMES, WRITTEN * np.where(asks, 1.0, share))


def _signals(case: Case) -> tuple[float, ...]:
    known = case.asked.evidence
    return abstain.signals(case.asked.question, case.asked.found, known.weights, known.absent)


@dataclass(frozen=True, slots=True)
class Fit:
    """A logistic model over raw signals; it was fitted on standardized ones, so that its penalty treats them alike."""

    bias: float
    weights: np.ndarray

    def chance(self, x: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-(x @ self.weights + self.bias)))


def _logistic(x: np.ndarray, y: np.ndarray, weight: np.ndarray) -> Fit:
    mean, spread = x.mean(axis=0), x.std(axis=0)
    spread[spread < 1e-9] = 1.0
    model = LogisticRegression(C=0.1, max_iter=2000).fit((x - mean) / spread, y, sample_weight=weight)
    weights = model.coef_[0] / spread
    return Fit(float(model.intercept_[0] - weights @ mean), weights)


@dataclass(slots=True)
class Groups:
    """What is fitted on: dev questions, written ones, open ones for the scores; the first two once more, asked of the
    collection without its written questions."""

    own: list[Case]
    written: list[Case]
    more: list[Case]
    own_unasked: list[Case]
    written_unasked: list[Case]

    def each(self, change: Callable[[Case], Case]) -> Groups:
        return Groups(*([change(case) for case in getattr(self, one.name)] for one in fields(self)))


def fitted(groups: Groups, readers: Readers) -> dict[str, Any]:
    ranking = fit_ranking([*groups.own, *groups.written, *groups.more]).round(4)
    made: dict[str, Any] = {"ranking": dict(zip(FEATURES, ranking.tolist(), strict=True)), "left_out": {}}
    for ending, own in (("", replace(readers, verdict=None)), ("_judged", readers)):
        if ending and readers.verdict is None:
            continue
        ready = groups.each(lambda case, own=own: own.read(rescored(case, ranking)))  # type: ignore[misc]
        for name, asked, written in (
            ("confidence", ready.own, ready.written),
            ("unasked", ready.own_unasked, ready.written_unasked),
        ):
            made[name + ending], made["left_out"][name + ending] = fit_confidence(asked, written)
            print(name + ending, json.dumps(made["left_out"][name + ending]), flush=True)
    return made


def open_tasks(folder: Path) -> list[answers.Task]:
    rows = answers._lines(folder / "queries.jsonl")
    gold = [(r, tuple(r["metadata"]["gold"])) for r in rows if r["metadata"]["gold"]]
    return [answers.Task(r["_id"], r["text"], True, "open", answers._recall(g), gold=g) for r, g in gold]


def written_tasks(data: Path, count: int) -> list[answers.Task]:
    """Up to `count` answerable and `count` unanswerable questions on held-out passages, evenly spread."""
    from training.written import collection_units

    every = [(unit, *asked) for unit in collection_units(data) for asked in unit.held_out]
    found = []
    for answerable in (True, False):
        some = [row for row in every if (row[2] in "qp") == answerable]
        for i in range(min(count, len(some))):
            unit, sentence, kind, question = some[i * len(some) // min(count, len(some))]
            gold = (unit.sentences[sentence],) if answerable else ()
            found.append(answers.Task(f"{unit.id}#{i}", question, answerable, kind, answers._says([gold]), gold=gold))
    return found


def theme_tasks(library: Library) -> list[answers.Task]:
    """The questions of `evals.hundred`, on which every document has something: whatever is quoted counts as right."""
    asked = [pattern.format(system=system) for system in systems_of(library.documents()) for pattern in QUESTIONS]
    return [answers.Task(question, question, True, THEME, lambda texts: 1.0) for question in asked]


def asked(library: Library, options: argparse.Namespace, relevance: Relevance | None) -> Groups:
    """Every question of every group asked as the application would, with the weights that stand."""
    asking = Asking(library.snapshot, library.encoder, library.search_settings, library.answer_settings(), relevance)
    cache = options.cache / f"unasked-{library.snapshot.manifest.id}"
    unasked = replace(asking, snapshot=bench.without_questions(library.snapshot, cache, library.encoder))
    dev, written, more = answers.collection("dev"), [], []
    if options.written:
        written = [*written_tasks(library.settings.data, options.written), *theme_tasks(library)]
    if options.open:
        pool = replace(asking, snapshot=snapshot_from_beir(options.open, options.cache, library.encoder))
        more = cases(open_tasks(options.open), pool)
    return Groups(cases(dev, asking), cases(written, asking), more, cases(dev, unasked), cases(written, unasked))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m evals.calibrate", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--written", type=int, default=0)
    parser.add_argument("--open", type=Path)
    parser.add_argument("--cache", type=Path, required=True)
    options = parser.parse_args()
    library = Library(load(data=options.data))
    relevance = remembered(library.relevance, options.cache)
    verdict = remembered(library.verdict, options.cache, judge.FOLDER)
    readers = Readers(relevance, verdict, {d.id: d.title for d in library.documents()})
    groups = asked(library, options, None)
    told = (
        f"{len(groups.own)} dev questions of the collection, {len(groups.written)} written ones, {len(groups.more)} open ones"
    )
    result: dict[str, Any] = {"made_by": answers.made_by() | {"fitted_on": told}}
    result["without_selector"] = fitted(groups, Readers())
    if relevance:
        result["with_selector"] = fitted(asked(library, options, relevance), readers)
    else:
        result["with_selector"] = json.loads(weights.FILE.read_text())["with_selector"]
    weights.FILE.write_text(json.dumps(result, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
