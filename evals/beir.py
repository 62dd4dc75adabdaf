"""BEIR folders as snapshots the product can search: every row of the corpus is one passage, on a page of its own.

A folder holds corpus.jsonl {_id, title, text}, queries.jsonl {_id, text} and qrels/<split>.tsv (query-id, corpus-id, score),
as in Thakur et al. 2021, "BEIR". Rows are not cut: what is over the encoder's limit the encoder does not read; the words are
all there.
"""

from __future__ import annotations

import hashlib
import json
import os
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from casebook.errors import UsageError
from casebook.records import Document, Page, Passage
from index import snapshot as snapshots
from index.encoder import Encoder, Progress
from index.snapshot import Contents, Snapshot
from ingest.passages import sentence_spans

Qrels = dict[str, dict[str, int]]
"""query id -> {row id: relevance}; only queries with something relevant."""


@dataclass(frozen=True, slots=True)
class BeirSet:
    """A set: `rows` are (id, title, text), `queries` (id, text) in file order, only those that are judged."""

    name: str
    rows: list[tuple[str, str, str]]
    queries: list[tuple[str, str]]
    qrels: Qrels


def read(folder: Path, split: str = "test") -> BeirSet:
    """Raises `UsageError` in a sentence when the folder is not in BEIR's form."""
    try:
        rows = [(str(r["_id"]), str(r.get("title") or ""), str(r["text"])) for r in _lines(folder / "corpus.jsonl")]
        queries = [(str(r["_id"]), str(r["text"])) for r in _lines(folder / "queries.jsonl")]
        qrels: Qrels = {}
        for line in (folder / "qrels" / f"{split}.tsv").read_text(encoding="utf-8").splitlines()[1:]:
            query, row, score = line.split("\t")
            if int(score) > 0:
                qrels.setdefault(query, {})[row] = int(score)
    except OSError as error:
        raise UsageError(f"{folder} is no BEIR folder: {Path(error.filename).name} cannot be read.") from error
    except (ValueError, KeyError) as error:
        raise UsageError(f"{folder} is no BEIR folder: {error}.") from error
    return BeirSet(folder.name, rows, [q for q in queries if q[0] in qrels], qrels)


def snapshot_from_beir(
    folder: Path, cache: Path, encoder: Encoder | None = None, split: str = "test", progress: Progress | None = None
) -> Snapshot:
    """A real, published snapshot of a BEIR folder in `cache`, built once for a corpus and an encoder."""
    return build(read(folder, split), cache, encoder or Encoder(), progress)


def build(beir: BeirSet, cache: Path, encoder: Encoder, progress: Progress | None = None, sentences: bool = True) -> Snapshot:
    """The snapshot of a set that was read; its passages stand in the corpus's order, their ids are the rows'. Without
    `sentences` these have no vectors (all zero): enough for a search that asks for whole passages alone."""
    data = cache / f"{beir.name}-{_key(beir, encoder, snapshots.FORMAT, 'sentences' if sentences else 'passages')}"
    if snapshots.current_id(data) is None:
        _write(beir, data, cache, encoder, progress, sentences)
    return snapshots.open_current(data, encoder.name, encoder.weights_sha256)


def _write(beir: BeirSet, data: Path, cache: Path, encoder: Encoder, progress: Progress | None, with_sentences: bool) -> None:
    document = Document(beir.name, "", "", "dataset", "", len(beir.rows), passage_count=len(beir.rows))
    pages = [(Page(beir.name, n, str(n), text), array("i")) for n, (_, _, text) in enumerate(beir.rows, 1)]
    passages = [
        Passage(id, beir.name, n, 0, len(text), title, text, tuple(sentence_spans(text)))
        for n, (id, title, text) in enumerate(beir.rows, 1)
    ]
    texts = [f"{title}. {text}" if title else text for _, title, text in beir.rows]
    sentences = [p.text[start:end] for p in passages for start, end in p.sentences]
    stem = cache / f"{beir.name}-{_key(beir, encoder)}"
    no_vectors = np.zeros((len(sentences), encoder.dimension), np.float32)
    contents = Contents(
        document,
        pages,
        passages,
        _vectors(stem.with_suffix(".npy"), texts, encoder, progress),
        _vectors(stem.with_suffix(".sentences.npy"), sentences, encoder, progress) if with_sentences else no_vectors,
    )
    id = snapshots.snapshot_id("beir", _key(beir, encoder))
    snapshots.publish(data, snapshots.write(data, id, snapshots.made_by(encoder), {beir.name: ""}, [contents]), id)


def _vectors(file: Path, texts: list[str], encoder: Encoder, progress: Progress | None) -> np.ndarray:
    """(texts, dimension) float32, kept in a file: the encoder's time is most of what a bench costs."""
    if not file.is_file():
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_name(f"{os.getpid()}-{file.name}")
        np.save(unfinished, encoder.encode(texts, progress))
        unfinished.replace(file)
    found: np.ndarray = np.load(file)
    return found


def _key(beir: BeirSet, encoder: Encoder, *more: object) -> str:
    made_of = json.dumps([beir.rows, encoder.name, encoder.weights_sha256, *more])
    return hashlib.sha256(made_of.encode()).hexdigest()[:12]


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    with file.open(encoding="utf-8") as stream:
        for line in stream:
            if line.strip():
                yield json.loads(line)
