"""The format on disk: write, verify, publish atomically, open.

    data/files/<sha256>.pdf        the documents, by content
    data/snapshots/<id>/           casebook.sqlite, vectors.faiss, sentences.npy, manifest.json
    data/CURRENT                   the id of the live snapshot

A snapshot is written into a folder whose name starts with "building-", synced, renamed to its id, and only then named
in CURRENT by an atomic rename. Killed at any point, the old one answers. The id is a hash of everything that made the
snapshot, so the same documents under the same settings give the same id.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
import sqlite3
import threading
import zlib
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from casebook.errors import NoSnapshotError, NotFoundError, SnapshotError, StaleSnapshotError
from casebook.records import Document, Page, Passage, document_record
from index import lexical, vectors
from index.files import file_sha256, replace_text, sync
from index.query import Vocabulary

FORMAT = 1
REPAIR = "Repair it with: python -m casebook ingest --rebuild"
FILES = ("casebook.sqlite", "vectors.faiss", "sentences.npy")

SCHEMA = f"""
CREATE TABLE documents (position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, record TEXT NOT NULL);
CREATE TABLE pages (document TEXT NOT NULL, number INTEGER NOT NULL, label TEXT NOT NULL, text TEXT NOT NULL,
                    char_map BLOB NOT NULL, PRIMARY KEY (document, number)) WITHOUT ROWID;
CREATE TABLE passages (rowid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, document TEXT NOT NULL, page INTEGER NOT NULL,
                       start INTEGER NOT NULL, end INTEGER NOT NULL, heading TEXT NOT NULL, text TEXT NOT NULL,
                       sentences TEXT NOT NULL, first_sentence INTEGER NOT NULL);
CREATE INDEX passages_document ON passages (document, page, start);
{lexical.TABLE};
"""


@dataclass(frozen=True, slots=True)
class Manifest:
    """Names and hashes everything that made a snapshot. `files` maps a file name to [bytes, sha256]."""

    format: int
    id: str
    encoder: str
    weights_sha256: str
    dimension: int
    extraction: int
    passages: dict[str, int]
    documents: list[dict[str, Any]]
    counts: dict[str, int]
    files: dict[str, list[Any]]


@dataclass(frozen=True, slots=True)
class Contents:
    """One document's share of a snapshot. `vectors` is (passages, d), `sentence_vectors` (sentences, d), unit rows."""

    document: Document
    pages: Sequence[tuple[Page, array[int]]]
    passages: Sequence[Passage]
    vectors: np.ndarray
    sentence_vectors: np.ndarray


def snapshot_id(*parts: object) -> str:
    """12 hex digits that stand for everything in `parts`."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:12]


def current_id(data: Path) -> str | None:
    """The id of the live snapshot, or None."""
    try:
        return (data / "CURRENT").read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


# --- writing ---------------------------------------------------------------------------------------------------------


def write(data: Path, id: str, made_by: dict[str, Any], titles: dict[str, str], contents: Iterable[Contents]) -> Path:
    """Writes a snapshot into a building folder and returns it; `publish` makes it live.

    `made_by` gives the manifest's fields that are not counted here; `titles` the context words of each document.
    """
    folder = data / "snapshots" / f"building-{os.getpid()}-{id}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    counts = _write_tables(folder, titles, contents)
    files = {name: [(folder / name).stat().st_size, file_sha256(folder / name)] for name in FILES}
    manifest = Manifest(format=FORMAT, id=id, counts=counts, files=files, **made_by)
    (folder / "manifest.json").write_text(json.dumps(asdict(manifest), indent=1, sort_keys=True), encoding="utf-8")
    for path in folder.iterdir():
        sync(path)
    return folder


def _write_tables(folder: Path, titles: dict[str, str], contents: Iterable[Contents]) -> dict[str, int]:
    connection = sqlite3.connect(folder / "casebook.sqlite")
    connection.execute("PRAGMA journal_mode=OFF")  # a building folder that is not finished is thrown away
    connection.executescript(SCHEMA)
    passage_vectors: list[np.ndarray] = []
    sentence_vectors: list[np.ndarray] = []
    row = sentence = documents = pages = 0
    for documents, part in enumerate(contents, 1):
        record = json.dumps(asdict(part.document), ensure_ascii=False)
        connection.execute("INSERT INTO documents VALUES (?, ?, ?)", (documents, part.document.id, record))
        connection.executemany(
            "INSERT INTO pages VALUES (?, ?, ?, ?, ?)",
            [(p.document, p.number, p.label, p.text, zlib.compress(m.tobytes(), 6)) for p, m in part.pages],
        )
        pages += len(part.pages)
        for passage in part.passages:
            row += 1
            _insert_passage(connection, row, sentence, titles.get(part.document.id, ""), passage)
            sentence += len(passage.sentences)
        passage_vectors.append(part.vectors)
        sentence_vectors.append(part.sentence_vectors)
    connection.execute("INSERT INTO passages_fts(passages_fts) VALUES ('optimize')")
    connection.commit()
    connection.close()
    dimension = max((v.shape[1] for v in passage_vectors), default=1)
    everything = np.concatenate(passage_vectors) if passage_vectors else np.zeros((0, dimension), np.float32)
    vectors.build(everything).save(folder / "vectors.faiss")
    quotable = np.concatenate(sentence_vectors) if sentence_vectors else np.zeros((0, dimension), np.float32)
    np.save(folder / "sentences.npy", quotable.astype(np.float16))
    return {"documents": documents, "pages": pages, "passages": row, "sentences": sentence}


def _insert_passage(connection: sqlite3.Connection, row: int, sentence: int, title: str, passage: Passage) -> None:
    connection.execute(
        "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row,
            passage.id,
            passage.document,
            passage.page,
            passage.start,
            passage.end,
            passage.heading,
            passage.text,
            json.dumps(passage.sentences),
            sentence,
        ),
    )
    connection.execute(
        "INSERT INTO passages_fts (rowid, context, text) VALUES (?, ?, ?)",
        (row, f"{title} {passage.heading}", passage.text),
    )


def publish(data: Path, building: Path, id: str, keep: int = 2) -> None:
    """Makes a written snapshot live by renaming, then removes all but the newest `keep` and stale building folders."""
    target = data / "snapshots" / id
    if target.exists():
        graveyard = target.with_name(f"building-old-{os.getpid()}-{id}")
        target.rename(graveyard)
    building.rename(target)
    sync(target.parent)
    replace_text(data / "CURRENT", id)
    _sweep(data, keep)


def revert(data: Path) -> str:
    """Makes the snapshot before the live one live again and returns its id; done twice it is undone itself.

    Raises `SnapshotError` when none is kept, or the one that is kept is damaged or of another format.
    """
    live = current_id(data)
    folders = [
        p for p in (data / "snapshots").glob("*") if p.is_dir() and not p.name.startswith("building-") and p.name != live
    ]
    if live is None or not folders:
        raise SnapshotError("There is no earlier index to go back to.")
    before = max(folders, key=lambda p: p.stat().st_mtime)
    problems = list(file_problems(before, read_manifest(before), thorough=True))
    if problems:
        raise SnapshotError(f"The earlier index is damaged: {problems[0]}. The one in use stays.")
    replace_text(data / "CURRENT", before.name)
    return before.name


def _sweep(data: Path, keep: int) -> None:
    live = current_id(data)
    folders = [p for p in (data / "snapshots").iterdir() if p.is_dir()]
    finished = sorted((p for p in folders if not p.name.startswith("building-")), key=lambda p: p.stat().st_mtime)
    dead = [p for p in finished if p.name != live][: -(keep - 1) or None]
    for folder in [*dead, *(p for p in folders if p.name.startswith("building-"))]:
        shutil.rmtree(folder, ignore_errors=True)


# --- reading ---------------------------------------------------------------------------------------------------------


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
        return Contents(
            self.documents[document],
            [(page, self.char_map(document, page.number)) for page in self.pages(document)],
            passages,
            self.vectors.vectors(rows) if len(rows) else np.zeros((0, dimension), np.float32),
            np.concatenate(quotable) if quotable else np.zeros((0, dimension), np.float32),
        )


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


def read_manifest(folder: Path) -> Manifest:
    """Raises `SnapshotError` when it is missing or unreadable, `StaleSnapshotError` for another format."""
    try:
        values = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        found = values.get("format")
        if found == FORMAT:
            return Manifest(**{f.name: values[f.name] for f in fields(Manifest)})
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise SnapshotError(f"The index is damaged: {folder.name}/manifest.json cannot be read. {REPAIR}") from error
    raise StaleSnapshotError(f"The index has format {found}, this version reads format {FORMAT}. {REPAIR}")


def file_problems(folder: Path, manifest: Manifest, thorough: bool) -> Iterable[str]:
    """What is wrong with the snapshot's files, one sentence each."""
    total = sum(int(size) for size, _ in manifest.files.values())
    for name, (size, sha256) in manifest.files.items():
        path = folder / name
        if not path.is_file():
            yield f"{name} is missing"
        elif path.stat().st_size != size:
            yield f"{name} has {path.stat().st_size} bytes, {size} were written"
        elif (thorough or total < 64_000_000) and file_sha256(path) != sha256:
            yield f"{name} was changed since it was written"
