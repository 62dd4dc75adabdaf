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
    """Writes results/search-<kind>-<sets>-<commit>.json with what is needed to repeat it; returns the path."""
    commit = _git("rev-parse", "--short=10", "HEAD") or "unknown"
    found = {
        "commit": commit,
        "changed_since": bool(_git("status", "--porcelain", "--", "index", "ingest", "casebook", "models")),
        "date": datetime.now(UTC).date().isoformat(),
        "command": _command(),
        "machine": f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}",
        "load_average": round(os.getloadavg()[0], 1) if hasattr(os, "getloadavg") else None,
        **found,
    }
    RESULTS.mkdir(exist_ok=True)
    names = "-".join(sorted(found["sets"])).replace(" ", "-")
    path = RESULTS / f"search-{names}-{commit}.json"
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path.relative_to(ROOT)


def render(folder: Path = RESULTS) -> str:
    """Markdown of the newest result of every set, oldest sets first; other results are named below."""
    files = sorted(folder.glob("search-*.json"), key=lambda p: (json.loads(p.read_text())["date"], p.stat().st_mtime))
    newest: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
    for file in files:
        record = json.loads(file.read_text(encoding="utf-8"))
        for name, values in record["sets"].items():
            newest[name] = (record, values)
    lines = [
        "# How good the search is",
        "",
        "Written by `python -m evals.report` from `evals/results`; do not edit. Every figure is of the product's own search, run",
        "by `python -m casebook evaluate`. nDCG, recall and reciprocal rank are by ir-measures. An interval is the 95 % paired",
        "bootstrap interval (10,000 resamples of the questions) of the difference in nDCG@10 to BM25 and MiniLM joined with",
        "equal weights. Times include encoding the question; the load average says how busy the machine was (2 cores).",
        "",
    ]
    for name, (record, values) in sorted(newest.items()):
        lines += _section(name, record, values)
    lines += _notes(folder)
    lines += report_answers.lines(folder)
    return "\n".join(lines).rstrip() + "\n"


def _section(name: str, record: dict[str, Any], values: dict[str, Any]) -> list[str]:
    columns = [c for c in COLUMNS if any(c in row for row in values["variants"].values())]
    against = any(INTERVAL in row for row in values["variants"].values())
    lines = [
        f"## {name}",
        "",
        f"{values['passages']} passages, {values['queries']} questions. Commit {record['commit']}"
        f"{' with changes not yet committed' if record['changed_since'] else ''}, {record['date']}, load average {record['load_average']}.",
        "",
        f"    {record['command']}",
        "",
        "| | " + " | ".join(columns) + (" | gain, 95 % |" if against else " |"),
        "|---|" + "---|" * (len(columns) + against),
    ]
    for variant, row in values["variants"].items():
        gain = row.get(INTERVAL)
        cells = [f"{row[c]:.3f}" if c in row and not c.endswith("_ms") else str(row.get(c, "")) for c in columns]
        shown = [f"{gain[0]:+.3f} ({gain[1]:+.3f} to {gain[2]:+.3f})" if gain else ""] if against else []
        lines.append(f"| {variant} | " + " | ".join([*cells, *shown]) + " |")
    for kinds in [record.get("kinds", {}).get("search")]:
        if kinds:
            by_kind = ", ".join(f"{kind} {value:.2f} of {count}" for kind, (count, value) in kinds.items())
            lines += ["", f"Recall@5 by kind of question: {by_kind}."]
    return [*lines, ""]


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
