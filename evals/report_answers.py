"""The answers' part of docs/evaluation.md: right answers, refusals, calibration and the risk-coverage curve."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def lines(folder: Path) -> list[str]:
    """Markdown of every results/answers-*.json, one section each."""
    files = sorted(folder.glob("answers-*.json"))
    found = [
        "# How good the answers are",
        "",
        "By `python -m evals.answers`. An answer is right when one of its statements holds a gold quotation (by word overlap;",
        "for lists and comparisons, the share of them is the recall). Operating points were set on development questions;",
        "what stands here are test questions.",
        "",
    ]
    for file in files:
        found += _section(json.loads(file.read_text(encoding="utf-8")))
    return found if files else []


def _section(record: dict[str, Any]) -> list[str]:
    selector = "with the selector" if record["selector"] else "without the selector"
    if record["selector"] and "judge" in record:
        selector += " and the judge" if record["judge"] else ", without the judge"
    rows = [
        f"## Answers: {record['set']}, {record['split']}, {selector}",
        "",
        f"{record['questions']} questions, {record['answerable']} with an answer. Commit {record['commit']}.",
        "",
        f"    {record['command']}",
        "",
        f"- Right, when none is refused: {record['answers_hold_the_gold']:.3f}; by the first statement alone: "
        f"{record['first_statement_holds_the_gold']:.3f}; gold recall {record['gold_recall']:.3f}.",
        f"- {_baselines(record)}",
        f"- Answerable against unanswerable, AUROC: {record['abstention_auroc']:.3f}; expected calibration error: "
        f"{record['expected_calibration_error']:.3f}; median {record['milliseconds_median']:.0f} ms.",
        f"- Every statement stands on its page to the letter: {'yes' if record['all_statements_verify'] else 'NO'}.",
        "",
        "| operating point | confidence asked | answerable refused | unanswerable refused | right of answered |",
        "|---|---|---|---|---|",
    ]
    for name, point in record["operating_points"].items():
        keys = ("confidence_asked", "answerable_refused", "unanswerable_refused", "right_of_answered")
        rows.append(f"| {name} | " + " | ".join(f"{point[key]:.3f}" for key in keys) + " |")
    curve = record["risk_coverage"][:: max(1, len(record["risk_coverage"]) // 8)]
    rows += ["", "| share answered | " + " | ".join(f"{covered:.2f}" for covered, _ in curve) + " |"]
    rows += [
        "|---|" + "---|" * len(curve),
        "| wrong of answered | " + " | ".join(f"{risk:.2f}" for _, risk in curve) + " |",
        "",
    ]
    return rows + _kinds(record["by_kind"])


def _kinds(by_kind: dict[str, Any]) -> list[str]:
    """A table by kind of question, where a set has more kinds than answered and not."""
    answered = {kind: row for kind, row in by_kind.items() if not kind.endswith(", unanswerable")}
    if len(answered) < 2:
        return []
    rows = ["| kind | questions | right | first statement | gold recall | every system named |", "|---|---|---|---|---|---|"]
    for kind, row in answered.items():
        keys = ("holds_gold", "first", "recall", "covers_systems")
        shown = " | ".join(f"{row[key]:.2f}" for key in keys)
        rows.append(f"| {kind.replace('_', ' ')} | {row['questions']} | {shown} |")
    return [*rows, ""]


def _baselines(record: dict[str, Any]) -> str:
    """One-sentence baselines of the same run: what a first sentence or a single score would have answered."""
    baselines = record.get("baselines_one_sentence", {})
    shown = [f"{name} {value:.3f}" for name, value in baselines.items() if isinstance(value, float)]
    return "One-sentence baselines: " + (", ".join(shown) if shown else "not measured in this run") + "."
