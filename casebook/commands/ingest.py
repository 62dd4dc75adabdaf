"""`ingest`: PDFs into the index, with progress, and a report of what came of each file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from casebook.commands import library

if TYPE_CHECKING:
    from casebook.building import Outcome


def register(commands: argparse._SubParsersAction, shared: argparse.ArgumentParser) -> None:  # type: ignore[type-arg]
    command = commands.add_parser(
        "ingest",
        parents=[shared],
        help="read PDFs into the index (no PATH: the bundled collection)",
        description="Reads PDF files and folders into the index; without PATH, the bundled ones. Unchanged files cost a hash.",
    )
    command.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="PDF files, or folders of them")
    command.add_argument("--password", help="password of encrypted files; a copy without it is kept in the data folder")
    command.add_argument("--rebuild", action="store_true", help="make everything anew (repairs a damaged index)")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    bars = Bars()
    outcome = library(options).ingest(options.paths, options.password, options.rebuild, bars)
    bars.close()
    print(report(outcome))
    for name, reason in outcome.set_aside:
        print(f"Set aside: {reason if name in reason else f'{name}: {reason}'}", file=sys.stderr)
    return 3 if outcome.set_aside else 0


class Bars:
    """Progress bars on standard error, one a stage; silent where no person watches."""

    def __init__(self) -> None:
        self._bar = None
        self._stage = ""

    def __call__(self, stage: str, done: int, total: int) -> None:
        from tqdm import tqdm

        if stage != self._stage:
            self.close()
            self._stage = stage
            self._bar = tqdm(total=total, desc=stage, unit="", disable=None, leave=True, file=sys.stderr)
        if self._bar is not None:
            self._bar.update(done - self._bar.n)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()
        self._bar = None


def report(outcome: Outcome) -> str:
    """What happened, in words: counts, speed, and each stage's share of the time."""
    done = [
        f"{len(ids)} {word}"
        for word, ids in (("added", outcome.added), ("updated", outcome.updated), ("removed", outcome.removed))
        if ids
    ]
    if outcome.unchanged:
        done.append(f"{outcome.unchanged} unchanged")
    lines = [f"Documents: {', '.join(done) or 'none'}. Passages encoded: {outcome.embedded}."]
    total = sum(outcome.seconds.values())
    if outcome.pages and total:
        shares = ", ".join(f"{stage} {100 * s / total:.0f} %" for stage, s in outcome.seconds.items() if s / total >= 0.005)
        reading = outcome.seconds.get("reading PDFs", 0.0)
        lines.append(
            f"{outcome.pages} pages in {total:.1f} s: {outcome.pages / total:.1f} pages/s"
            f" (reading alone {outcome.pages / reading if reading else 0:.0f} pages/s). Time: {shares}."
        )
    return "\n".join(lines)
