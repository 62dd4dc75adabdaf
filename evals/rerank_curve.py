"""What reading candidates again buys and costs: `python -m evals.rerank_curve --data DATA [--open FOLDER --cache CACHE]`.

For both depths of the cross-encoder, several numbers of candidates and shares of its opinion: nDCG@10 and recall@5 on
development questions (the collection's dev split; --open adds a BEIR folder of questions held out of training), and the time
of a whole search on the collection. Filed as evals/results/rerank.json; what is shipped was chosen here.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from casebook.library import Library
from casebook.settings import load
from evals import answers, gold
from evals.beir import read, snapshot_from_beir
from evals.bench import measure
from evals.collection import Place, relevant
from index.ordering import blended, ranked
from index.reranker import CrossEncoder, Depth
from index.search import SearchSettings, search
from index.snapshot import Snapshot

DEPTHS: tuple[Depth, ...] = ("early", "full")
COUNTS = (5, 10, 15, 20, 30)
SHARES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.85)
TIMED = 60  # questions a setting is timed on
RESULT = answers.RESULTS / "rerank.json"


@dataclass(slots=True)
class Read:
    """A question's first candidates by search alone, with the opinions (0 to 1) of both depths; `groups` is what it needs."""

    id: str
    rows: list[str]
    scores: np.ndarray
    opinions: dict[str, np.ndarray]
    groups: list[set[str]]

    def ranked(self, depth: str, count: int, share: float) -> list[str]:
        """As `index.ordering.reranked` orders them."""
        mixed = blended(self.scores[:count], self.opinions[depth][:count], share)
        return [self.rows[i] for i in ranked(mixed)] + self.rows[count:]


def candidates(
    asked: Sequence[tuple[str, str, list[set[str]]]], snapshot: Snapshot, library: Library, models: dict[str, CrossEncoder]
) -> list[Read]:
    """`asked` holds (id, question, groups of row ids)."""
    found = []
    for id, question, groups in asked:
        hits = search(snapshot, library.encoder, question, max(COUNTS), None, replace(library.search_settings, rerank=0))
        texts = [hit.passage.plain for hit in hits]
        opinions = {depth: model.scores(question, texts) for depth, model in models.items()}
        found.append(Read(id, [h.passage.id for h in hits], np.array([h.score for h in hits]), opinions, groups))
    return found


def ndcg(reads: Sequence[Read], depth: str, count: int, share: float) -> tuple[float, float]:
    """(nDCG@10, recall@5) of a setting; of each group what stands highest counts."""
    run, qrels = {}, {}
    for one in reads:
        order = one.ranked(depth, count, share) if count else one.rows
        qrels[one.id] = relevant(one.groups, order)
        run[one.id] = [(row, 1.0) for row in order]
    values = measure(qrels, run, [one.id for one in reads])
    return round(float(values["ndcg@10"].mean()), 4), round(float(values["recall@5"].mean()), 4)


def timed(library: Library, depth: Depth, count: int) -> dict[str, float]:
    """Milliseconds of a whole search on the collection, the question's encoding included."""
    model = CrossEncoder(depth=depth) if count else None
    settings: SearchSettings = replace(library.search_settings, rerank=count)
    questions = [g.question for g in gold.read("dev")][: TIMED + 1]
    times = []
    for question in questions:
        began = time.perf_counter()
        search(library.snapshot, library.encoder, question, 10, None, settings, reranker=model)
        times.append(1000 * (time.perf_counter() - began))
    p50, p95 = np.percentile(times[1:], [50, 95])
    return {"p50_ms": round(float(p50), 1), "p95_ms": round(float(p95), 1)}


def of_collection(library: Library) -> list[tuple[str, str, list[set[str]]]]:
    place = Place(library.snapshot)
    asked = [g for g in gold.read("dev") if g.answerable]
    return [(g.id, g.question, [{str(place.of(q)) for q in group} for group in g.needed()]) for g in asked]


def of_folder(folder: Path) -> list[tuple[str, str, list[set[str]]]]:
    beir = read(folder)
    return [(id, text, [{row} for row in beir.qrels[id]]) for id, text in beir.queries]


def curve(sets: dict[str, list[Read]], library: Library) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = [_row(sets, "", 0, 0.0) | timed(library, "early", 0)]
    for depth in DEPTHS:
        for count in COUNTS:
            cost = timed(library, depth, count)
            rows += [_row(sets, depth, count, share) | cost for share in SHARES]
    return rows


def _row(sets: dict[str, list[Read]], depth: str, count: int, share: float) -> dict[str, Any]:
    found = {name: ndcg(reads, depth, count, share) for name, reads in sets.items()}
    return {"depth": depth, "candidates": count, "share": share} | {name: list(pair) for name, pair in found.items()}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m evals.rerank_curve", description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--open", type=Path)
    parser.add_argument("--cache", type=Path)
    options = parser.parse_args()
    library = Library(load(data=options.data))
    models = {depth: CrossEncoder(depth=depth) for depth in DEPTHS}
    sets = {"collection dev": candidates(of_collection(library), library.snapshot, library, models)}
    if options.open:
        snapshot = snapshot_from_beir(options.open, options.cache, library.encoder)
        sets["open, held out"] = candidates(of_folder(options.open), snapshot, library, models)
    rows = curve(sets, library)
    result = answers.made_by() | {"questions": {name: len(reads) for name, reads in sets.items()}, "rows": rows}
    RESULT.write_text(json.dumps(result, indent=1) + "\n")
    for row in rows:
        print(json.dumps(row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
