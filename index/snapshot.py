"""Opens the live snapshot and reads it; `index.manifest` says what one is made of, `index.writing` makes it.

    data/files/<sha256>.pdf        the documents, by content
    data/snapshots/<id>/           casebook.sqlite, vectors.faiss, sentences.npy, expansions.npy, manifest.json
    data/CURRENT                   the id of the live snapshot

What others need of the three modules they find here.
"""

from __future__ import annotations

import functools
import json
import sqlite3
import threading
import zlib
from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from casebook.errors import NoSnapshotError, NotFoundError, SnapshotError, StaleSnapshotError
from casebook.records import Document, Expansion, Page, Passage, document_record
from index import vectors
from index.expansions import Expansions
from index.manifest import (
    FORMAT,
    REPAIR,
    Contents,
    Manifest,
    current_id,
    file_problems,
    made_by,
    read_manifest,
    recorded,
    snapshot_id,
)
from index.query import Vocabulary
from index.writing import publish, revert, write

__all__ = [
    "FORMAT",
    "REPAIR",
    "Contents",
    "Manifest",
    "Snapshot",
    "current_id",
    "file_problems",
    "made_by",
    "open_current",
    "publish",
    "read_manifest",
    "recorded",
    "revert",
    "snapshot_id",
    "write",
]


class Snapshot:
    """An open, unchanging snapshot. Safe to read from several threads: each gets its own connection."""

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder, self.manifest = folder, manifest
        self._local = threading.local()
        self.vectors = vectors.load(folder / "vectors.faiss")
        self.sentences = np.load(folder / "sentences.npy", mmap_mode="r")
        rows = self.connection.execute("SELECT record FROM documents ORDER BY position")
        self.documents: dict[str, Document] = {d.id: d for d in (document_record(json.loads(row[0])) for row in rows)}

    @functools.cached_property
    def first_sentences(self) -> np.ndarray:
        """(passages + 1,) int64: where each passage's sentences begin among all sentences; the last entry is their number."""
        starts = [row[0] for row in self.connection.execute("SELECT first_sentence FROM passages ORDER BY rowid")]
        return np.array([*starts, len(self.sentences)], np.int64)

    @functools.cached_property
    def expansions(self) -> Expansions:
        """The questions written for the passages; none where no document has any."""
        found = self.connection.execute("SELECT row, sentence FROM expansions ORDER BY rowid").fetchall()
        rows = np.array([row for row, _ in found], np.int64)
        return Expansions(
            np.load(self.folder / "expansions.npy").astype(np.float32),
            rows,
            np.array([sentence for _, sentence in found], np.int64),
            np.searchsorted(rows, np.arange(self.vectors.count + 1)),
        )

    @functools.cached_property
    def vocabulary(self) -> Vocabulary:
        return Vocabulary(lambda: self.connection, list(self.documents.values()))

    @property
    def connection(self) -> sqlite3.Connection:
        if not hasattr(self._local, "connection"):
            self._local.connection = sqlite3.connect(f"file:{self.folder / 'casebook.sqlite'}?mode=ro&immutable=1", uri=True)
        connection: sqlite3.Connection = self._local.connection
        return connection

    def page(self, document: str, number: int) -> Page:
        """Raises `NotFoundError` in a sentence that names what there is."""
        row = self.connection.execute(
            "SELECT label, text FROM pages WHERE document = ? AND number = ?", (document, number)
        ).fetchone()
        if row is None:
            known = self.documents.get(document)
            if known:
                raise NotFoundError(f"{document} has pages 1 to {known.page_count}; there is no page {number}.")
            raise NotFoundError(f"There is no document {document!r}. Documents are: {', '.join(self.documents)}.")
        return Page(document, number, row[0], row[1])

    def pages(self, document: str) -> list[Page]:
        rows = self.connection.execute("SELECT number, label, text FROM pages WHERE document = ? ORDER BY number", (document,))
        return [Page(document, number, label, text) for number, label, text in rows]

    def char_map(self, document: str, number: int) -> array[int]:
        """The PDFium character behind each character of the page's text; -1 where there is none."""
        row = self.connection.execute(
            "SELECT char_map FROM pages WHERE document = ? AND number = ?", (document, number)
        ).fetchone()
        found = array("i")
        if row:
            found.frombytes(zlib.decompress(row[0]))
        return found

    def passages(self, rows: vectors.Rows) -> list[Passage]:
        """Passages of the given 0-based rows, in that order."""
        found: dict[int, Passage] = {}
        for start in range(0, len(rows), 500):
            part = [int(row) + 1 for row in rows[start : start + 500]]
            marks = ",".join("?" * len(part))
            for row in self.connection.execute(f"SELECT {_COLUMNS} FROM passages WHERE rowid IN ({marks})", part):
                found[row[0] - 1] = _passage(row)
        return [found[int(row)] for row in rows]

    def document_rows(self, documents: Iterable[str]) -> np.ndarray:
        """Rows of all passages of the given documents, sorted, int64."""
        wanted = list(documents)
        marks = ",".join("?" * len(wanted))
        rows = self.connection.execute(f"SELECT rowid FROM passages WHERE document IN ({marks}) ORDER BY rowid", wanted)
        return np.array([row[0] - 1 for row in rows], np.int64)

    def headings(self, rows: vectors.Rows) -> list[str]:
        """The heading each of the given 0-based rows stands under."""
        found = [row[0] for row in self.connection.execute("SELECT heading FROM passages ORDER BY rowid")]
        return [found[int(row)] for row in rows]

    def all_passages(self) -> Iterable[Passage]:
        for row in self.connection.execute(f"SELECT {_COLUMNS} FROM passages ORDER BY rowid"):
            yield _passage(row)

    def sentence_vectors(self, row: int) -> np.ndarray:
        """(sentences of the passage, dimension) float32 for a 0-based passage row."""
        first, spans = self.connection.execute(
            "SELECT first_sentence, sentences FROM passages WHERE rowid = ?", (int(row) + 1,)
        ).fetchone()
        return np.asarray(self.sentences[first : first + len(json.loads(spans))], np.float32)

    def rows_of(self, passage_ids: Sequence[str]) -> list[int]:
        marks = ",".join("?" * len(passage_ids))
        found = dict(self.connection.execute(f"SELECT id, rowid FROM passages WHERE id IN ({marks})", list(passage_ids)))
        return [found[id] - 1 for id in passage_ids]

    def contents(self, document: str) -> Contents:
        """Everything the snapshot holds of one document, to be carried over unchanged into the next."""
        rows = self.document_rows([document])
        passages = self.passages(rows)
        quotable = [self.sentence_vectors(row) for row in rows]
        dimension = self.manifest.dimension
        expansions = self.questions(document)
        places = [place for row in rows for place in range(*self.expansions.first[row : row + 2])]
        return Contents(
            self.documents[document],
            [(page, self.char_map(document, page.number)) for page in self.pages(document)],
            passages,
            self.vectors.vectors(rows) if len(rows) else np.zeros((0, dimension), np.float32),
            np.concatenate(quotable) if quotable else np.zeros((0, dimension), np.float32),
            expansions,
            self.expansions.vectors[places],
        )

    def question(self, number: int) -> str:
        """The words of one of the `expansions`."""
        row = self.connection.execute("SELECT question FROM expansions WHERE rowid = ?", (int(number) + 1,)).fetchone()
        return str(row[0])

    def questions(self, document: str) -> list[Expansion]:
        """The questions written for a document's passages, in their order."""
        rows = self.document_rows([document]).tolist()
        found = self.connection.execute(
            "SELECT row, sentence, question FROM expansions WHERE row BETWEEN ? AND ? ORDER BY rowid",
            (rows[0], rows[-1]) if rows else (0, -1),
        )
        return [Expansion(row - rows[0], sentence, question) for row, sentence, question in found]


_COLUMNS = "rowid, id, document, page, start, end, heading, text, sentences"


def _passage(row: tuple[Any, ...]) -> Passage:
    id, document, page, start, end, heading, text, sentences = row[1:]
    return Passage(id, document, page, start, end, heading, text, tuple((a, b) for a, b in json.loads(sentences)))


def open_current(data: Path, encoder: str, weights_sha256: str, *, thorough: bool = False) -> Snapshot:
    """Opens the live snapshot after checking it against its manifest and the encoder in use.

    Sizes are always compared; `thorough` (and any snapshot under 64 MB) compares hashes too. Raises `NoSnapshotError`,
    `StaleSnapshotError` or `SnapshotError`, each naming the command that helps.
    """
    id = current_id(data)
    if id is None:
        raise NoSnapshotError("There is no index yet. Make one with: python -m casebook ingest")
    folder = data / "snapshots" / id
    manifest = read_manifest(folder)
    if (manifest.encoder, manifest.weights_sha256) != (encoder, weights_sha256):
        raise StaleSnapshotError(
            f"The index was made with the encoder {manifest.encoder} ({manifest.weights_sha256[:12]}), the settings name "
            f"{encoder} ({weights_sha256[:12]}). {REPAIR}"
        )
    problems = list(file_problems(folder, manifest, thorough))
    if problems:
        raise SnapshotError(f"The index is damaged: {problems[0]}. {REPAIR}")
    try:
        return Snapshot(folder, manifest)
    except (sqlite3.Error, ValueError, OSError, TypeError, EOFError) as error:
        raise SnapshotError(f"The index is damaged: {error}. {REPAIR}") from error
