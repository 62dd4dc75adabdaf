"""Measures the default answer on the collection's questions, on SQuAD 2.0 and on ClapNQ, against three baselines.

    python -m evals.answers collection --data DATA [--split dev]
    python -m evals.answers squad2     --sets ../shared/evaldata --cache /tmp/beir
    python -m evals.answers clapnq_dev --sets ../shared/evaldata --cache /tmp/beir

Results go to evals/results/answers-<set>.json with the commit and the command; nothing is chosen on a test split.
"""

from __future__ import annotations

import argparse
import json
import math
import shlex
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from answer import abstain, extract
from answer.citations import verify_statement
from answer.evidence import Relevance
from casebook.asking import Asking, judge, prepare, selector
from casebook.library import Library
from casebook.records import Answer
from casebook.settings import ROOT, load
from evals import gold as golds
from evals import measure
from evals.baselines import NAMES, Baselines
from evals.held_out import may_ask
from evals.memo import remembered
from index import judge as judge_model
from index.search import clean_question

RESULTS = Path(__file__).with_name("results")
TIMED = 60


@dataclass(frozen=True, slots=True)
class Task:
    """One question; `says(texts)` is the share of its gold the texts say; `kind` groups results."""

    id: str
    question: str
    answerable: bool
    kind: str
    says: Callable[[Sequence[str]], float]
    systems: tuple[str, ...] = ()
    right_at: float = 1e-9
    gold: tuple[str, ...] = ()
    precision: Callable[[Sequence[str]], float] | None = None


@dataclass(slots=True)
class Row:
    """What came of a task, whatever the operating point: the answer as it would be, and its confidence."""

    task: Task
    answer: Answer
    signals: tuple[float, ...]
    recall: float
    first: float
    covers: bool
    verified: bool
    milliseconds: float
    baselines: dict[str, float] = field(default_factory=dict)

    @property
    def right(self) -> bool:
        return self.task.answerable and self.recall >= self.task.right_at


def run(tasks: Iterable[Task], asking: Asking, baselines: Baselines | None = None) -> list[Row]:
    """Every task asked with abstention off; confidence decides afterwards."""
    eager = replace(asking, answers=replace(asking.answers, threshold=0.0))
    return [_row(task, eager, baselines) for task in tasks]


def _row(task: Task, asking: Asking, baselines: Baselines | None) -> Row:
    began = time.perf_counter()
    asked = prepare(asking, clean_question(task.question))
    answer = extract.answer(asked.question, asked.found, asked.evidence, asking.snapshot.page, asking.answers)
    milliseconds = 1000 * (time.perf_counter() - began)
    texts = [s.text for s in answer.statements]
    found = baselines.answers(task.question, asking.search) if baselines and task.answerable else {}
    signals = (0.0,) * len(abstain.SIGNALS)
    if asked.found:
        signals = abstain.signals(asked.question, asked.found, asked.evidence.weights, asked.evidence.absent)
    return Row(
        task,
        answer,
        signals,
        task.says(texts) if task.answerable else 0.0,
        task.says(texts[:1]) if task.answerable else 0.0,
        set(task.systems) <= {s.system for s in answer.statements},
        all(verify_statement(s, asking.snapshot.page) for s in answer.statements),
        milliseconds,
        {name: task.says([text]) for name, text in found.items()},
    )


# --- tasks ---


def collection(split: str) -> list[Task]:
    found = []
    for gold in golds.read(split):
        groups = [[quote.quote for quote in group] for group in gold.needed()]
        quotes = tuple(quote for group in groups for quote in group)
        found.append(Task(gold.id, gold.question, gold.answerable, gold.kind, _says(groups), gold.systems, gold=quotes))
    return found


def _says(groups: Sequence[Sequence[str]]) -> Callable[[Sequence[str]], float]:
    """The share of the groups of which the texts say one quotation."""

    def share(texts: Sequence[str]) -> float:
        said = [any(measure.says(quote, text) for quote in group for text in texts) for group in groups]
        return sum(said) / max(1, len(said))

    return share


def squad(folder: Path) -> list[Task]:
    """The first statement must hold one of the answer spans, letter for letter but for case. Only what was not trained on."""
    found = []
    for row in _lines(folder / "queries.jsonl"):
        if not may_ask(folder.name, [row["metadata"]["paragraph"]]):
            continue
        spans = [a["text"].casefold() for a in row["metadata"]["answers"]]
        answerable = not row["metadata"]["is_impossible"]
        found.append(
            Task(row["_id"], row["text"], answerable, "answerable" if answerable else "trap", _spans(spans), gold=tuple(spans))
        )
    return found


def _spans(spans: Sequence[str]) -> Callable[[Sequence[str]], float]:
    return lambda texts: float(any(span in text.casefold() for span in spans for text in texts))


def clapnq(folder: Path) -> list[Task]:
    """Recall and precision of the sentences people chose."""
    found = []
    for row in _lines(folder / "queries.jsonl"):
        outputs = row["metadata"].get("outputs") or []
        sentences = tuple(dict.fromkeys(s for output in outputs for s in output.get("selected_sentences", ())))
        answerable = not row["metadata"]["is_impossible"]
        found.append(
            Task(
                row["_id"],
                row["text"],
                answerable,
                "answerable" if answerable else "unanswerable",
                _recall(sentences),
                gold=sentences,
                precision=_precision(sentences),
            )
        )
    return found


def _same(a: str, b: str) -> bool:
    one, other = measure.plain(a).replace(" ", ""), measure.plain(b).replace(" ", "")
    return bool(one and other) and (one in other or other in one)


def _recall(gold: Sequence[str]) -> Callable[[Sequence[str]], float]:
    return lambda texts: sum(any(_same(g, t) for t in texts) for g in gold) / max(1, len(gold))


def _precision(gold: Sequence[str]) -> Callable[[Sequence[str]], float]:
    return lambda texts: sum(any(_same(g, t) for g in gold) for t in texts) / max(1, len(texts))


def _lines(file: Path) -> Iterable[dict[str, Any]]:
    with file.open(encoding="utf-8") as stream:
        yield from (json.loads(line) for line in stream if line.strip())


# --- report ---


def report(rows: Sequence[Row], asking: Asking) -> dict[str, Any]:
    answerable = [r for r in rows if r.task.answerable]
    confidences = [r.answer.confidence for r in rows]
    result: dict[str, Any] = {
        "questions": len(rows),
        "answerable": len(answerable),
        "selector": asking.relevance is not None,
        "judge": asking.verdict is not None,
        "answers_hold_the_gold": _mean(r.right for r in answerable),
        "first_statement_holds_the_gold": _mean(r.first > 0 for r in answerable),
        "gold_recall": _mean(r.recall for r in answerable),
        "statements": _mean(len(r.answer.statements) for r in answerable),
        "all_statements_verify": all(r.verified for r in rows),
        "abstention_auroc": round(measure.auroc(confidences, [r.task.answerable for r in rows]), 4),
        "right_answer_auroc": round(measure.auroc(confidences, [r.right for r in rows]), 4),
        "expected_calibration_error": round(measure.calibration_error(confidences, [r.right for r in rows]), 4),
        "operating_points": {p: _point(rows, abstain.threshold(p, *judged_by(asking))) for p in abstain.POINTS},
        "risk_coverage": measure.risk_coverage(confidences, [r.right for r in rows]),
        "baselines_one_sentence": {n: _mean(r.baselines.get(n, 0.0) > 0 for r in answerable) for n in NAMES},
        "by_kind": _by_kind(rows),
    }
    if any(r.task.precision for r in rows):
        result |= _sentence_scores(answerable)
    return result


def judged_by(asking: Asking) -> tuple[bool, bool, bool]:
    """As `abstain.judged_by`, of a whole set: no passage of a BEIR set has written questions, all of the collection have."""
    return asking.relevance is not None, not len(asking.snapshot.expansions.rows), asking.verdict is not None


def _mean(values: Iterable[float]) -> float:
    found = list(values)
    return round(float(np.mean(found)), 4) if found else math.nan


def _point(rows: Sequence[Row], asked: float) -> dict[str, float]:
    answerable, not_answerable = [r for r in rows if r.task.answerable], [r for r in rows if not r.task.answerable]
    return {
        "confidence_asked": asked,
        "answerable_refused": _mean(r.answer.confidence < asked for r in answerable),
        "unanswerable_refused": _mean(r.answer.confidence < asked for r in not_answerable),
        "answered_right_of_answerable": _mean(r.right and r.answer.confidence >= asked for r in answerable),
        "right_of_answered": _mean(r.right for r in rows if r.answer.confidence >= asked),
    }


def _by_kind(rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.task.kind if row.task.answerable else f"{row.task.kind}, unanswerable"].append(row)
    return {
        kind: {
            "questions": len(own),
            "holds_gold": _mean(r.right for r in own),
            "first": _mean(r.first > 0 for r in own),
            "recall": _mean(r.recall for r in own),
            "covers_systems": _mean(r.covers for r in own),
            "confidence": _mean(r.answer.confidence for r in own),
        }
        for kind, own in sorted(groups.items())
    }


def _sentence_scores(rows: Sequence[Row]) -> dict[str, float]:
    texts = [[s.text for s in r.answer.statements] for r in rows]
    precision = [r.task.precision(t) if r.task.precision else 0.0 for r, t in zip(rows, texts, strict=True)]
    recall = [r.recall for r in rows]
    p, r = float(np.mean(precision)), float(np.mean(recall))
    each = [measure.f1(a, b) for a, b in zip(precision, recall, strict=True)]
    return {
        "sentence_precision": round(p, 4),
        "sentence_recall": round(r, 4),
        "sentence_f1": round(measure.f1(p, r), 4),
        "f1_per_question": _mean(each),
    }


def made_by() -> dict[str, str]:
    commit = subprocess.run(
        ["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
    return {"commit": commit, "command": shlex.join(["python", "-m", f"evals.{Path(sys.argv[0]).stem}", *sys.argv[1:]])}


def opened(options: argparse.Namespace) -> tuple[Asking, list[Task]]:
    library = Library(load(data=options.data))
    readers: dict[str, Relevance | None] = {"relevance": None, "verdict": None}
    if not options.without_selector:
        readers["relevance"] = remembered(library.relevance, options.cache)
    if not (options.without_selector or options.without_judge):
        readers["verdict"] = remembered(library.verdict, options.cache, judge_model.FOLDER)
    asking = replace(library.asking(), **readers)
    if options.set == "collection":
        return asking, collection(options.split)
    from evals.beir import snapshot_from_beir

    folder = options.sets / options.set
    snapshot = snapshot_from_beir(folder, options.cache, library.encoder)
    return replace(asking, snapshot=snapshot), (squad if "squad" in options.set else clapnq)(folder)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m evals.answers", description=__doc__.splitlines()[0])
    parser.add_argument("set", help="collection, or the name of a folder of --sets")
    parser.add_argument("--data", type=Path, help="data folder of the collection")
    parser.add_argument("--split", default="test", choices=("dev", "test"))
    parser.add_argument("--sets", type=Path, default=ROOT.parent / "shared" / "evaldata")
    parser.add_argument("--cache", type=Path, default=ROOT / "data" / "evals")
    parser.add_argument("--without-selector", action="store_true", help="as on a machine without the trained selector")
    parser.add_argument("--without-judge", action="store_true", help="as on a machine without the judge")
    parser.add_argument("--sample", type=int, help="only so many questions, evenly spread over the file")
    parser.add_argument("--show", action="store_true", help="print every question that went wrong")
    parser.add_argument("--rows", type=Path, help="write every answer to this file, JSON lines")
    parser.add_argument("--out", type=Path, help="result file (default: evals/results/answers-<set>.json for the test split)")
    options = parser.parse_args()
    asking, tasks = opened(options)
    if options.sample and options.sample < len(tasks):
        tasks = [tasks[i * len(tasks) // options.sample] for i in range(options.sample)]
    rows = run(tasks, asking, Baselines(asking.snapshot, asking.encoder))
    told = report(rows, asking) | {"milliseconds_median": latency(tasks, asking)}
    result = made_by() | {"set": options.set, "split": options.split} | told
    print(json.dumps(result, indent=1))
    if options.show:
        show(rows, result["operating_points"]["balanced"]["confidence_asked"])
    if options.rows:
        options.rows.write_text("".join(json.dumps(as_json(row)) + "\n" for row in rows), encoding="utf-8")
    without = "-without-selector" if options.without_selector else "-without-judge" if options.without_judge else ""
    default = RESULTS / f"answers-{options.set}{without}.json"
    out = options.out or (default if options.split == "test" else None)
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return 0


def latency(tasks: Sequence[Task], asking: Asking) -> float:
    """Median milliseconds of an answer over `TIMED` questions, nothing remembered from earlier runs."""
    fresh = replace(asking, relevance=selector() if asking.relevance else None, verdict=judge() if asking.verdict else None)
    some = [tasks[i * len(tasks) // TIMED] for i in range(min(TIMED, len(tasks)))]
    return round(float(np.median([row.milliseconds for row in run(some, fresh)])), 1)


def show(rows: Sequence[Row], asked: float) -> None:
    for row in rows:
        refused = row.answer.confidence < asked
        if row.task.answerable == row.right and row.task.answerable != refused:
            continue
        print(
            f"\n{row.task.id} [{row.task.kind} as {row.answer.kind}] "
            f"{row.answer.confidence:.2f}{' REFUSED' if refused else ''} {row.task.question}"
        )
        print("   gold:", *(f"{g[:220]} |" for g in row.task.gold) if row.task.answerable else "none")
        for statement in row.answer.statements:
            print(
                "   -",
                statement.citations[0].document,
                statement.citations[0].page,
                f"{statement.score:.2f}",
                statement.text[:220],
            )


def as_json(row: Row) -> dict[str, Any]:
    return {
        "id": row.task.id,
        "question": row.task.question,
        "kind": row.task.kind,
        "answerable": row.task.answerable,
        "confidence": row.answer.confidence,
        "right": row.right,
        "recall": row.recall,
        "first": row.first,
        "signals": row.signals,
        "statements": [s.text for s in row.answer.statements],
        "covers": row.covers,
    }


if __name__ == "__main__":
    sys.exit(main())
