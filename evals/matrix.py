"""The matrix of the bundled documents: ``python -m evals.matrix [--data DIR] [--verbose]``.

Each sentence of a brief rests on facts of collection/facts, and each fact has a theme. A cell is right when the sentence it
quotes rests on a fact of the cell's theme, and near when it stands in the section on that theme. Half of the systems (dev)
were looked at while weights were chosen, the other half (test) were not. Baselines: the first quotation of the top
passage, and the best cosine with the theme's question.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
import time
from pathlib import Path

import yaml
from rapidfuzz import fuzz

from answer.quotable import quotables
from casebook import asking
from casebook.library import Library
from casebook.settings import ROOT, load

DEV = ("Boston", "Cincinnati", "Denver", "AUSL", "ReNEW")
SECTIONS = {
    "Context and scale": "context_scale", "The approach": "turnaround_model", "Leadership and staffing": "leadership_staffing",
    "Teacher pipeline": "talent_pipeline", "Time": "time", "Instruction and data": "instruction_data",
    "School culture and student supports": "culture_student_supports", "Community and partners": "community_partners",
    "Autonomy and accountability": "autonomy_accountability", "Central-office supports": "district_supports",
    "Network supports": "district_supports", "Cost and funding": "cost_funding", "Results": "results",
    "Challenges and sustainability": "challenges_sustainability", "Scaling up": "scale_up",
}  # fmt: skip
ALSO = {
    "cost_figures": "cost_funding", "district_conditions": "district_supports", "human_capital": "talent_pipeline",
    "evidence_null_or_negative": "results", "evidence_positive": "results", "scaling": "scale_up",
    "sustaining": "challenges_sustainability",
}  # fmt: skip

Sentence = tuple[str, frozenset[str], str]
"""(text without notes, themes of its facts, theme of its section)."""


def sentences(document: str, themes: dict[str, str]) -> list[Sentence]:
    found: list[Sentence] = []
    section = ""
    for line in (ROOT / "collection" / "sources" / f"{document}.md").read_text(encoding="utf-8").splitlines():
        if line.startswith("## "):
            section = SECTIONS.get(line[3:].strip(), "")
        for match in re.finditer(r"(.+?)((?:\s*\[@[^\]]+\])+)[.!?]?[”\"]?", line):
            ids = re.findall(r"@([\w-]+)", match[2])
            text = re.sub(r"\[@[^\]]+\]", "", match[1]).strip(" .|")
            found.append((text, frozenset(themes[id] for id in ids if id in themes), section))
    return found


def judge(text: str, theme: str, known: list[Sentence]) -> tuple[bool, bool]:
    """(right, near) for a quotation in the cell of a theme."""
    bare = re.sub(r"\[[\d,\s–-]+\]", "", text)
    best = max(known, key=lambda sentence: fuzz.ratio(sentence[0], bare))
    return theme in best[1], theme in best[1] or theme == best[2]


def run(library: Library, verbose: bool) -> dict[str, object]:
    themes = {}
    for path in sorted((ROOT / "collection" / "facts").glob("*.yaml")):
        for fact in yaml.safe_load(path.read_text(encoding="utf-8")):
            themes[fact["id"]] = ALSO.get(fact["theme"], fact["theme"])
    known = {d.system: sentences(d.id, themes) for d in library.documents() if d.system and d.source == "brief"}
    library.encoder.encode(["warm"])
    shutil.rmtree(library.settings.data / "cache", ignore_errors=True)
    begun = time.perf_counter()
    matrix = library.compare(list(known))
    seconds = time.perf_counter() - begun
    begun = time.perf_counter()
    again = library.compare(list(known))
    kept = time.perf_counter() - begun
    assert matrix == again
    baselines = _baselines(library, list(known))
    result: dict[str, object] = {"cells": len(matrix.cells), "seconds": round(seconds, 2), "seconds_kept": round(kept, 2)}
    result["states"] = {state: sum(c.state == state for c in matrix.cells) for state in sorted({c.state for c in matrix.cells})}
    result["verified"] = all(
        library.verify_citation(q) for c in matrix.cells for s in (c.statement, *c.others) if s for q in s.citations
    )
    for part in ("dev", "test"):
        cells = [c for c in matrix.cells if (c.system in DEV) == (part == "dev")]
        counts = {"casebook": [0, 0], "first_of_top_passage": [0, 0], "best_cosine": [0, 0]}
        for cell in cells:
            said = {"casebook": cell.statement.text if cell.statement else "", **baselines[cell.system, cell.row]}
            for way, text in said.items():
                right, near = judge(text, cell.row, known[cell.system]) if text else (False, False)
                counts[way][0] += right
                counts[way][1] += near
                if verbose and way == "casebook" and part == "dev" and not right:
                    print(f"{cell.system} x {cell.row} ({'near' if near else 'wrong'}): {text[:140]}")
        result[part] = {way: {"right": right, "near": near, "of": len(cells)} for way, (right, near) in counts.items()}
    return result


def _baselines(library: Library, systems: list[str]) -> dict[tuple[str, str], dict[str, str]]:
    around = asking.neighbors(library.snapshot)
    found = {}
    for theme in library.themes():
        for system in systems:
            question = theme.question.replace("{system}", system)
            vector = library.encoder.encode([question])[0]
            hits = library.search(question, 24, [system])
            first = next(iter(quotables([hits[0].passage], around)), None)
            best, text = -1.0, ""
            for hit in hits:
                rows = library.snapshot.sentence_vectors(library.snapshot.rows_of([hit.passage.id])[0])
                for quotable in quotables([hit.passage], around):
                    score = float(rows[quotable.sentences[0][1]] @ vector) if quotable.sentences[0][0] == hit.passage else -1.0
                    best, text = (score, quotable.text) if score > best else (best, text)
            found[system, theme.id] = {"first_of_top_passage": first.text if first else "", "best_cosine": text}
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--data", type=Path)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    print(json.dumps(run(Library(load(data=options.data)), options.verbose), indent=2))
    return 0


if __name__ == "__main__":
    sys.exit(main())
