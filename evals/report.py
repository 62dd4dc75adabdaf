"""Files results by commit and renders docs/evaluation.md from them: python -m evals.report"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from evals import report_answers

ROOT = Path(__file__).resolve().parent.parent
RESULTS = Path(__file__).with_name("results")
PAGE = ROOT / "docs" / "evaluation.md"

COLUMNS = ("ndcg@10", "recall@5", "recall@10", "recall@100", "mrr@10", "comparison per system", "p50_ms", "p95_ms")
INTERVAL = "ndcg@10 against equal weights, 95 %"


def save(found: dict[str, Any]) -> Path:
    """Writes results/search-<sets>-<commit>.json with what is needed to repeat it; returns the path."""
    names = "-".join(sorted(found["sets"])).replace(" ", "-")
    path = RESULTS / f"search-{names}-{_commit()}.json"
    write(path, found, _command())
    return path.relative_to(ROOT)


def write(path: Path, found: dict[str, Any], command: str) -> None:
    """Writes a result with the commit, the command and the machine that made it."""
    now = datetime.now(UTC)
    origin = {
        "commit": _commit(),
        "changed_since": bool(_git("status", "--porcelain", "--", "index", "ingest", "casebook", "models")),
        "date": now.date().isoformat(),
        "time": f"{now:%H:%M:%S} UTC",
        "command": command,
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "load_average": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**origin, **found}, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _commit() -> str:
    return _git("rev-parse", "--short=10", "HEAD") or "unknown"


def render(folder: Path = RESULTS) -> str:
    """Markdown of the newest result of every set, oldest sets first; other results are named below."""
    records = [json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("search-*.json"))]
    newest: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for record in sorted(records, key=lambda record: (record["date"], record.get("time", ""))):
        for name, values in record["sets"].items():
            newest[name] = (record, values)
    lines = [
        "# How good the search is",
        "",
        "Written by `python -m evals.report` from `evals/results`; do not edit. Every figure is of the product's own search,",
        "run by `python -m casebook evaluate`. nDCG, recall and reciprocal rank are by ir-measures. An interval is the 95 %",
        "paired bootstrap interval (10,000 resamples of the questions) of the difference in nDCG@10 to BM25 and MiniLM joined",
        "with equal weights. Times include encoding the question; the load average says how busy the machine was (2 cores).",
        "",
    ]
    for name, (record, values) in sorted(newest.items()):
        lines += _section(name, record, values)
    lines += _notes(folder)
    lines += _passages(folder / "passages.json")
    lines += _splade(folder / "splade.json")
    lines += report_answers.lines(folder)
    return "\n".join(lines).rstrip() + "\n"


def _section(name: str, record: dict[str, Any], values: dict[str, Any]) -> list[str]:
    columns = [c for c in COLUMNS if any(c in row for row in values["variants"].values())]
    against = any(INTERVAL in row for row in values["variants"].values())
    lines = [
        f"## {name}",
        "",
        f"{values['passages']} passages, {values['queries']} questions. {_origin(record)}",
        "",
        f"    {record['command']}",
        "",
        "| | " + " | ".join(columns) + (" | gain, 95 % |" if against else " |"),
        "|---|" + "---|" * (len(columns) + against),
    ]
    for variant, row in values["variants"].items():
        gain = row.get(INTERVAL)
        cells = [f"{row[c]:.3f}" if c in row and not c.endswith("_ms") else str(row.get(c, "")) for c in columns]
        shown = [_interval(gain) if gain else ""] if against else []
        lines.append(f"| {variant} | " + " | ".join([*cells, *shown]) + " |")
    lines += _torch(values["variants"])
    for kinds in [record.get("kinds", {}).get("search")]:
        if kinds:
            by_kind = ", ".join(f"{kind} {value:.2f} of {count}" for kind, (count, value) in kinds.items())
            lines += ["", f"Recall@5 by kind of question: {by_kind}."]
    return [*lines, ""]


def _torch(variants: dict[str, dict[str, Any]]) -> list[str]:
    """What the 8-bit encoder of the product costs beside the float weights it was made from, where both were run."""
    row = next((row for row in variants.values() if "overlap@10 with search" in row), None)
    if row is None:
        return []
    difference = _interval(row["ndcg@10 against search, 95 %"])
    return [
        "",
        f"With the encoder's float weights in torch the first ten agree with those of the 8-bit ones to "
        f"{row['overlap@10 with search']:.3f} (mean overlap);",
        f"nDCG@10 differs by {difference}.",
    ]


def _origin(record: dict[str, Any]) -> str:
    changed = " with changes not yet committed" if record["changed_since"] else ""
    return f"Commit {record['commit']}{changed}, {record['date']}, load average {record['load_average']}."


def _interval(gain: list[float]) -> str:
    return f"{gain[0]:+.3f} ({gain[1]:+.3f} to {gain[2]:+.3f})"


def _passages(file: Path) -> list[str]:
    """The sizes of passages that were compared; nothing where they were not."""
    if not file.is_file():
        return []
    record = json.loads(file.read_text(encoding="utf-8"))
    reranked = f"reads {record['rerank']} candidates again" if record.get("rerank") else "ran without its reranker"
    lines = [
        f"## Sizes of passages, collection {record['split']}",
        "",
        f"{record['questions']} questions. {_origin(record)}",
        "",
        f"    {record['command']}",
        "",
        "A passage closes at the tokens given; with overlap it begins with the last sentence of the one before. Read is",
        f"the share of the gold quotations that stands in the first {record['tokens_read']} tokens of hits, which counts",
        "large passages and small ones alike and an overlap as read twice. Right are answers without the selector that hold",
        f"a gold quotation, and their first statements. Gains are to the setting that stands. The search {reranked}.",
        "",
        "| tokens | overlap | passages | p50, max | ndcg@10 | gain, 95 % | recall@5 | read | gain, 95 % | right | first |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in record["rows"]:
        stands = (row["target"], row["overlap_sentences"]) == (record["stands"], 0)
        gains = [row.get(f"{name} against what stands, 95 %") for name in ("ndcg@10", "evidence_read")]
        ranking, read = ["stands" if stands else _interval(gain) if gain else "" for gain in gains]
        cells = [
            row["target"],
            "1 sentence" if row["overlap_sentences"] else "none",
            row["passages"],
            f"{row['tokens_p50']}, {row['tokens_max']}",
            *(f"{row['ndcg@10']:.3f}", ranking, f"{row['recall@5']:.3f}", f"{row['evidence_read']:.3f}", read),
            *(f"{row[key]:.3f}" for key in ("answers_right", "first_statement_right")),
        ]
        lines.append("| " + " | ".join(map(str, cells)) + " |")
    return [*lines, ""]


def _splade(file: Path) -> list[str]:
    """What a learned sparse model would add to the search; nothing where it was not measured."""
    if not file.is_file():
        return []
    record = json.loads(file.read_text(encoding="utf-8"))
    weights = [f"{weight:g}" for weight in record["weights"]]
    costs = record["costs"]
    lines = [
        "## SPLADE as a third signal, development sets",
        "",
        _origin(record),
        "",
        f"    {record['command']}",
        "",
        "nDCG@10 of the search without its reranker, with the score of SPLADE-tiny, divided by the best candidate's, added to",
        "the fused score at each weight. Chosen is the one that is best on the mean of the other sets; gains are to weight 0.",
        "Reached is the share of what is relevant among the hundred hits that are scored; alone is SPLADE's own order of all",
        "passages.",
        "",
        "| | questions | passages | reached | alone | " + " | ".join(weights) + " | chosen | gain, 95 % |",
        "|---|---|---|---|---|" + "---|" * len(weights) + "---|---|",
    ]
    for name, row in record["sets"].items():
        values = " | ".join(f"{row['ndcg@10'][weight]:.3f}" for weight in weights)
        lines.append(
            f"| {name} | {row['questions']} | {row['passages']} | {row['among_the_hits']:.3f} | {row['alone']:.3f} | {values} "
            f"| {row['chosen']:g} | {_interval(row['gain, 95 %'])} |"
        )
    return [
        *lines,
        "",
        f"Mean gain at the weights chosen: {record['mean_gain']:+.4f}. A question takes {costs['query_ms_p50']} ms to encode "
        f"(p95 {costs['query_ms_p95']}), passages go",
        f"at {costs['passages_per_second']} a second; on disk {costs['model_megabytes']} MB of weights and "
        f"{costs['index_megabytes_per_1000_passages']} MB for 1,000 passages.",
        "",
    ]


def _notes(folder: Path) -> list[str]:
    """What was chosen on development sets, each in a note of its own beside the results."""
    lines: list[str] = []
    for file in sorted(folder.glob("*.md")):
        lines += [file.read_text(encoding="utf-8").rstrip(), ""]
    return lines


def _command() -> str:
    words = [Path(word).name if Path(word).is_absolute() else word for word in sys.argv[1:]]
    return "python -m casebook " + " ".join(words)


def _git(*words: str) -> str:
    done = subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


if __name__ == "__main__":
    PAGE.write_text(render(), encoding="utf-8")
