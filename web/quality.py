"""The tab "How good is it": the measurements that ship with the application, in plain words, with what was not measured.

Reads evals/results/*.json as evals writes them. Charts are drawings of our own with the figures in a table beside them,
so that they print, scale and are read aloud.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import gradio as gr

from casebook.library import Library
from casebook.settings import ROOT
from web import html

RESULTS = ROOT / "evals" / "results"

SETS = {
    "collection": (
        "The bundled collection",
        "Questions written from these documents for this project, some of which they do not answer.",
    ),
    "squad2": ("SQuAD 2.0", "Questions about Wikipedia paragraphs; half of them look answerable and are not."),
    "clapnq_dev": ("ClapNQ", "Questions people typed into a search engine, with long answers in several sentences."),
}
NOT_MEASURED = (
    "Questions in languages other than English.",
    "Scanned pages without text, and figures that stand only in pictures.",
    "Whether a quotation is right about the world: the Casebook shows what a document says and where.",
)


def build(library: Library, results: Path = RESULTS) -> None:
    """Adds the tab's contents."""
    shown = report(read(results), (library.relevance is not None, library.verdict is not None), library.settings.caution)
    gr.HTML(shown, apply_default_css=False, elem_id="cb-quality", js_on_load=None)


def read(folder: Path) -> list[dict[str, Any]]:
    """Every result that can be read, by file name, with its "file" and the "date" of the file when it names none."""
    found: list[dict[str, Any]] = []
    for path in sorted(folder.glob("*.json")):
        try:
            value = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(value, dict):
            found.append({"date": date.fromtimestamp(path.stat().st_mtime).isoformat(), **value, "file": path.name})
    return found


def report(results: Sequence[dict[str, Any]], readers: tuple[bool, bool] = (False, False), point: str = "balanced") -> str:
    """The whole tab; says so when nothing was measured yet.

    `readers` tells whether the trained selector and the judge are in use and `point` at which setting: figures of other ways
    are folded.
    """
    answers = [one for one in results if "risk_coverage" in one and "operating_points" in one]
    others = [one for one in results if one not in answers]
    order = list(SETS)
    answers.sort(key=lambda one: order.index(one["set"]) if one.get("set") in SETS else len(order))
    used = [one for one in answers if (bool(one.get("selector")), bool(one.get("judge"))) == readers] or answers
    folded = "".join(_answers(one, point) for one in answers if one not in used)
    if folded:
        summary = "The same with other readers than those that run here"
        folded = f"<details><summary>{summary}</summary>{folded}</details>"
    if not results:
        body = html.empty("Not measured yet", "Run <code>make evaluation</code> and start again: the figures appear here.")
    else:
        body = "".join(_answers(one, point) for one in used) + folded + (_others(others) if others else "")
    missing = "".join(f"<li>{html.text(one)}</li>" for one in NOT_MEASURED)
    return (
        '<section class="cb-quality"><h2 class="cb-question">How good is it</h2>'
        "<p>The words of a quotation are always exactly those on its page: that is checked, not estimated. "
        "What can go wrong is "
        "that the wrong passage is chosen, or that an answer is refused which the documents do give. How often that happened "
        f"on questions with known answers stands below.</p>{body}"
        f'<h3>Not measured</h3><ul class="cb-advice">{missing}</ul></section>'
    )


def percent(value: object) -> str:
    return f"{100 * value:.0f} %" if isinstance(value, int | float) else "–"


def _answers(one: dict[str, Any], point: str) -> str:
    """One set of questions: what was right, what was refused, and the curve between the two."""
    name, about = SETS.get(str(one.get("set")), (str(one.get("set", one["file"])), ""))
    chosen = one["operating_points"].get(point, {})
    name += ", with the trained selector" if one.get("selector") else ""
    name += " and the judge" if one.get("judge") else ""
    held = f"; split: {html.text(one['split'])}" if one.get("split") else ""
    said = (
        f"Of {one.get('answerable', '–')} questions with an answer, the answer shown held the right passage for "
        f"<b>{percent(one.get('answers_hold_the_gold'))}</b> when none were refused. At the setting in use it "
        "answered and was right "
        f"for <b>{percent(chosen.get('answered_right_of_answerable'))}</b>, and refused "
        f"<b>{percent(chosen.get('unanswerable_refused'))}</b> "
        f"of the questions that have no answer (and {percent(chosen.get('answerable_refused'))} of those that have one)."
    )
    verified = (
        "Every quotation stood on its page, to the letter."
        if one.get("all_statements_verify")
        else "Some quotations did not verify."
    )
    return (
        f"<section><h3>{html.text(name)}</h3><p>{html.text(about)}</p><p>{said} {verified}</p>"
        f"{curve(one['risk_coverage'], name)}{_points(one['operating_points'], name)}"
        f'<p class="cb-made">Measured on {html.text(one["date"])}, {one.get("questions", "–")} questions{held}, commit '
        f"{html.text(str(one.get('commit', 'unknown'))[:10])}. To repeat it: "
        f"<code>{html.text(one.get('command', ''))}</code></p></section>"
    )


def curve(points: Sequence[Sequence[float]], name: str) -> str:
    """Share answered (across) against share of these that are right (up), as a drawing and as a table.

    `points` are (coverage, risk) pairs, both 0 to 1, risk being the share of wrong answers.
    """
    pairs = [(float(c), 1 - float(r)) for c, r in points]
    if not pairs:
        return ""
    line = " ".join(f"{40 + 300 * c:.1f},{170 - 150 * right:.1f}" for c, right in pairs)
    ticks = "".join(
        f'<text x="{40 + 300 * t:.0f}" y="188" text-anchor="middle">{100 * t:.0f} %</text><text x="34" y="{174 - 150 * t:.0f}" '
        f'text-anchor="end">{100 * t:.0f} %</text><path class="cb-grid" d="M40 {170 - 150 * t:.0f}H340"/>'
        for t in (0, 0.5, 1)
    )
    rows = "".join(f"<tr><td>{percent(c)}</td><td>{percent(right)}</td></tr>" for c, right in pairs)
    return (
        f'<figure class="cb-curve"><svg viewBox="0 0 360 214" role="img" aria-label="{html.attribute(name)}: '
        "the more questions are answered, "
        f'the fewer answers are right. Figures in the table below.">{ticks}<polyline points="{line}"/>'
        '<text x="190" y="206" text-anchor="middle">share of questions answered</text></svg>'
        "<figcaption>How many answers are right, when only the surest are given. Further right: more questions answered."
        '<details><summary>The figures</summary><table class="cb-table"><thead><tr><th scope="col">Answered'
        '</th><th scope="col">Right</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></details></figcaption></figure>"
    )


def _points(points: dict[str, dict[str, Any]], name: str) -> str:
    rows = "".join(
        f'<tr><th scope="row">{html.text(name)}</th><td>{html.text(p.get("confidence_asked", "–"))}</td>'
        f"<td>{percent(p.get('right_of_answered'))}</td>"
        f"<td>{percent(p.get('answerable_refused'))}</td><td>{percent(p.get('unanswerable_refused'))}</td></tr>"
        for name, p in points.items()
    )
    return (
        f'<div class="cb-wide" tabindex="0" role="region" aria-label="Settings compared: {html.attribute(name)}"><table '
        'class="cb-table"><thead><tr><th scope="col">Setting</th>'
        '<th scope="col">Confidence asked</th><th scope="col">Right, of those answered</th><th '
        'scope="col">Refused though answerable</th>'
        f'<th scope="col">Refused, rightly</th></tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _others(results: Sequence[dict[str, Any]]) -> str:
    """Other measurements as they are, folded: their figures by name."""
    parts = []
    for one in results:
        figures = "".join(
            f'<tr><th scope="row">{html.text(key.replace("_", " "))}</th><td>{html.text(value)}</td></tr>'
            for key, value in one.items()
            if isinstance(value, str | int | float) and key not in ("file", "command")
        )
        parts.append(
            f"<details><summary>{html.text(Path(one['file']).stem.replace('-', ' '))}</summary><table "
            f'class="cb-table"><tbody>{figures}</tbody></table></details>'
        )
    return f"<section><h3>Other measurements</h3>{''.join(parts)}</section>"
