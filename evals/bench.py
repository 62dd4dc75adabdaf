"""The bench: the product's own search over BEIR sets, measured by ir-measures, with paired bootstrap intervals.

    variants (search settings) x sets -> runs -> nDCG@10, recall@10, recall@100, reciprocal rank@10, latency

A run is what `index.search.search` returns, so what is measured is what people get.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import ir_measures
import numpy as np

from casebook.errors import EncoderError
from casebook.records import Passage
from evals.beir import BeirSet, Qrels, build
from index import snapshot as snapshots
from index.encoder import DEFAULT, Backend, Encoder, in_torch
from index.search import Reranker, SearchSettings, search
from index.snapshot import Contents, Snapshot
from ingest.passages import context

DEPTH = 100
MEASURES = {
    "ndcg@10": ir_measures.nDCG @ 10,
    "recall@5": ir_measures.R @ 5,
    "recall@10": ir_measures.R @ 10,
    "recall@100": ir_measures.R @ 100,
    "mrr@10": ir_measures.RR @ 10,
}

Variant = tuple[SearchSettings, Reranker | None]
Tell = Callable[[str], None]

Run = dict[str, list[tuple[str, float]]]
"""query id -> (row id, score), best first."""


@dataclass(slots=True)
class Result:
    """One variant on one set. `values` maps a measure to one value a query, in the set's order; `milliseconds` one a query."""

    values: dict[str, np.ndarray]
    milliseconds: np.ndarray
    run: Run = field(repr=False, default_factory=dict)

    def means(self) -> dict[str, float]:
        return {name: round(float(values.mean()), 4) for name, values in self.values.items()}

    def latency(self) -> dict[str, float]:
        p50, p95 = np.percentile(self.milliseconds, [50, 95]) if len(self.milliseconds) else (0.0, 0.0)
        return {"p50_ms": round(float(p50), 1), "p95_ms": round(float(p95), 1)}


def evaluate(
    beir: BeirSet, snapshot: Snapshot, encoder: Encoder, settings: SearchSettings, reranker: Reranker | None = None
) -> Result:
    """Runs every judged query of a set, the question's encoding included in its time."""
    run: Run = {}
    times = []
    search(snapshot, encoder, "warm up", 1, None, settings, reranker=reranker)
    for id, text in beir.queries:
        start = time.perf_counter()
        hits = search(snapshot, encoder, text, DEPTH, None, settings, reranker=reranker)
        times.append(1000 * (time.perf_counter() - start))
        run[id] = [(hit.passage.id, hit.score) for hit in hits]
    return Result(measure(beir.qrels, run, [id for id, _ in beir.queries]), np.array(times), run)


def measure(qrels: Qrels, run: Run, order: Sequence[str]) -> dict[str, np.ndarray]:
    """Values of every measure, one a query in `order`. Ranks are the run's: falling scores take the place of its own, so that
    ties stay put."""
    scored = {id: {row: -float(rank) for rank, (row, _) in enumerate(rows)} for id, rows in run.items()}
    place = {id: i for i, id in enumerate(order)}
    values = {name: np.zeros(len(order)) for name in MEASURES}
    names = {str(measure): name for name, measure in MEASURES.items()}
    judged = {id: qrels[id] for id in order}
    for found in ir_measures.iter_calc(list(MEASURES.values()), judged, scored):
        values[names[str(found.measure)]][place[found.query_id]] = found.value
    return values


def interval(ours: np.ndarray, theirs: np.ndarray, samples: int = 10_000, seed: int = 13) -> tuple[float, float, float]:
    """(difference of means, low, high): the 95 % interval of a paired bootstrap over queries (Sakai 2006)."""
    differences = np.asarray(ours) - np.asarray(theirs)
    rng = np.random.default_rng(seed)
    means = np.array([differences[rng.integers(0, len(differences), len(differences))].mean() for _ in range(samples)])
    low, high = np.percentile(means, [2.5, 97.5])
    return round(float(differences.mean()), 4), round(float(low), 4), round(float(high), 4)


def write_trec(run: Run, file: Path, tag: str) -> None:
    """`qid Q0 docid rank score tag`, one line a hit."""
    with file.open("w", encoding="utf-8") as out:
        for id, rows in run.items():
            for rank, (row, score) in enumerate(rows, 1):
                out.write(f"{id} Q0 {row} {rank} {score:.6f} {tag}\n")


BASELINES = ("words (BM25)", "meaning (MiniLM)", "equal weights", "reciprocal rank")
"""Rows that search with `index.encoder.BASE`, the encoder as it was before it was trained further."""


def variants(settings: SearchSettings, reranker: Reranker | None) -> dict[str, Variant]:
    """One row each: what people get first, then each side alone and each fusion, with and without what is optional."""
    plain = replace(settings, rerank=0, expanded=0.0)
    fixed = (replace(plain, words_weight=1.0), replace(plain, words_weight=0.0), replace(plain, words_weight=0.5))
    found: dict[str, Variant] = {"search": (settings, reranker)}
    found |= {name: (one, None) for name, one in zip(BASELINES, (*fixed, replace(plain, by_rank=True)), strict=True)}
    found["meaning (ours)"] = (fixed[1], None)
    if settings.rerank and reranker is not None:
        found["search without reranker"] = (replace(settings, rerank=0), None)
    found["no spelling, no names"] = (replace(plain, mend=False, named=0.0), None)
    return found


BASELINE = "equal weights"
TORCH = "search, encoder in torch"
UNASKED = "search without written questions"


def record(
    kind: str, results: Mapping[str, Mapping[str, Any]], sizes: Mapping[str, tuple[int, int]], tell: Tell
) -> dict[str, Any]:
    """What is filed and printed: means, latency, the paired interval against a baseline, and torch beside the 8-bit encoder."""
    sets: dict[str, Any] = {}
    for name, by_variant in results.items():
        rows: dict[str, Any] = {}
        for variant, result in by_variant.items():
            rows[variant] = {**result.means(), **result.latency()}
            if BASELINE in by_variant and variant != BASELINE:
                gain = interval(result.values["ndcg@10"], by_variant[BASELINE].values["ndcg@10"])
                rows[variant]["ndcg@10 against equal weights, 95 %"] = gain
            if variant == TORCH and "search" in by_variant:
                rows[variant].update(beside(result, by_variant["search"]))
        sets[name] = {"passages": sizes[name][0], "queries": sizes[name][1], "variants": rows}
    if len(sets) > 1:
        for variant in next(iter(results.values())):
            mean = float(np.mean([sets[name]["variants"][variant]["ndcg@10"] for name in sets]))
            tell(f"{'mean':14} {variant:28} ndcg@10 {mean:.4f}")
    return {"kind": kind, "sets": sets}


def beside(theirs: Any, ours: Any) -> dict[str, Any]:
    """How near another encoder comes to the product's: how much of the first ten it shares, and the difference in nDCG@10."""
    return {
        "overlap@10 with search": round(overlap(theirs.run, ours.run), 4),
        "ndcg@10 against search, 95 %": interval(theirs.values["ndcg@10"], ours.values["ndcg@10"]),
    }


def overlap(run: Run, other: Run, depth: int = 10) -> float:
    """Mean share of the first `depth` rows of a question that two runs have in common."""
    shares = []
    for id in run:
        first, second = ({row for row, _ in rows[id][:depth]} for rows in (run, other))
        shares.append(len(first & second) / max(len(first), len(second), 1))
    return float(np.mean(shares)) if shares else 0.0


class TorchEncoder(Encoder):
    """The default model's float weights in sentence-transformers, also where ONNX Runtime could run the 8-bit ones."""

    @functools.cached_property
    def _backend(self) -> Backend:
        return in_torch()


def torch_encoder(ours: Encoder, tell: Tell) -> Encoder | None:
    """The encoder of the row for torch; None, and a sentence that says why, where there is nothing to compare."""
    reason = _no_torch(ours)
    if reason:
        tell(f"No row for torch: {reason}")
    return None if reason else TorchEncoder()


def _no_torch(ours: Encoder) -> str:
    if find_spec("torch") is None or find_spec("sentence_transformers") is None:
        return "torch and sentence-transformers are not installed."
    if ours.name != DEFAULT or ours.backend == "TorchBackend":
        return "the encoder in use runs in torch already."
    try:
        in_torch()
    except EncoderError as error:
        return str(error)
    return ""


def without_questions(snapshot: Snapshot, data: Path, encoder: Encoder) -> Snapshot:
    """A collection's snapshot without the questions written for its passages, as a document of one's own is; kept in `data`."""
    if snapshots.current_id(data) is None:
        parts = [replace(snapshot.contents(id), expansions=(), expansion_vectors=None) for id in snapshot.documents]
        _keep(snapshot, data, snapshot.manifest.id, encoder, parts)
    return snapshots.open_current(data, encoder.name, encoder.weights_sha256)


def _keep(snapshot: Snapshot, data: Path, id: str, encoder: Encoder, parts: Sequence[Contents]) -> None:
    """Publishes other contents of a snapshot's documents, whose vectors `encoder` made."""
    made_by = snapshots.made_by(encoder, snapshot.manifest.extraction, snapshot.manifest.passages, snapshot.manifest.documents)
    titles = {document.id: document.title for document in snapshot.documents.values()}
    snapshots.publish(data, snapshots.write(data, id, made_by, titles, parts), id)


Cut = Callable[[Contents], Sequence[Passage]]


def encoded_anew(snapshot: Snapshot, data: Path, encoder: Encoder, cut: Cut = lambda part: part.passages) -> Snapshot:
    """A collection's snapshot with other vectors, and with other passages where `cut` makes some; kept in `data`."""
    if snapshots.current_id(data) is None:
        parts = [_part(snapshot.contents(id), encoder, cut) for id in snapshot.documents]
        ids = [p.id for part in parts for p in part.passages]
        id = snapshots.snapshot_id(snapshot.manifest.id, encoder.weights_sha256, ids)
        _keep(snapshot, data, id, encoder, parts)
    return snapshots.open_current(data, encoder.name, encoder.weights_sha256)


def _part(contents: Contents, encoder: Encoder, cut: Cut) -> Contents:
    passages = cut(contents)
    expansions = contents.expansions if passages == contents.passages else ()  # they belong to the passages they were placed in
    title = contents.document.title
    return replace(
        contents,
        passages=passages,
        vectors=encoder.encode([f"{context(title, p.heading)}. {p.text}" for p in passages]),
        sentence_vectors=encoder.encode([p.text[a - p.start : b - p.start] for p in passages for a, b in p.sentences]),
        expansions=expansions,
        expansion_vectors=encoder.encode([expansion.question for expansion in expansions]) if expansions else None,
    )


class Known:
    """An encoder that encodes a question once: for the variants after the first, whose time is not what is asked."""

    def __init__(self, encoder: Encoder) -> None:
        self._encoder = encoder
        self._known: dict[str, np.ndarray] = {}

    def knows(self, word: str) -> bool:
        return self._encoder.knows(word)

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        for text in texts:
            if text not in self._known:
                self._known[text] = self._encoder.encode([text])[0]
        return np.stack([self._known[text] for text in texts])


def compare(
    sets: Sequence[BeirSet],
    variants: Mapping[str, Variant],
    encoder: Encoder,
    cache: Path,
    tell: Tell = lambda line: None,
    torch: Encoder | None = None,
    base: Encoder | None = None,
) -> dict[str, dict[str, Result]]:
    """set name -> variant name -> result. `torch` is another encoder, which "search" is run with once more; `base` the one the
    `BASELINES` search with (None: the same as the rest)."""
    found: dict[str, dict[str, Result]] = {}
    for beir in sets:
        ours = (build(beir, cache, encoder), Known(encoder))
        theirs = (build(beir, cache, base, sentences=False), Known(base)) if base else ours
        for number, (name, (settings, reranker)) in enumerate(variants.items()):
            snapshot, known = theirs if name in BASELINES else ours
            result = evaluate(beir, snapshot, known if number else encoder, settings, reranker)  # type: ignore[arg-type]
            found.setdefault(beir.name, {})[name] = result
            tell(f"{beir.name:14} {name:28} {_line(result)}")
        if torch:
            result = evaluate(beir, build(beir, cache, torch), torch, *variants["search"])
            found[beir.name][TORCH] = result
            tell(f"{beir.name:14} {TORCH:28} {_line(result)}")
    return found


def _line(result: Result) -> str:
    return "  ".join(f"{name} {value:.4g}" for name, value in {**result.means(), **result.latency()}.items())
