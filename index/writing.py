"""Writes a snapshot, makes it live, goes back to the one before.

A snapshot is written into a folder whose name starts with "building-", synced, renamed to its id, and only then named
in CURRENT by an atomic rename. Killed at any point, the old one answers.
"""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import zlib
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from casebook.errors import SnapshotError
from casebook.records import Passage
from index import lexical, vectors
from index.files import file_sha256, replace_text, sync
from index.manifest import FILES, FORMAT, Contents, Manifest, current_id, file_problems, read_manifest

SCHEMA = f"""
CREATE TABLE documents (position INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, record TEXT NOT NULL);
CREATE TABLE pages (document TEXT NOT NULL, number INTEGER NOT NULL, label TEXT NOT NULL, text TEXT NOT NULL,
                    char_map BLOB NOT NULL, PRIMARY KEY (document, number)) WITHOUT ROWID;
CREATE TABLE passages (rowid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, document TEXT NOT NULL, page INTEGER NOT NULL,
                       start INTEGER NOT NULL, end INTEGER NOT NULL, heading TEXT NOT NULL, text TEXT NOT NULL,
                       sentences TEXT NOT NULL, first_sentence INTEGER NOT NULL);
CREATE INDEX passages_document ON passages (document, page, start);
CREATE TABLE expansions (row INTEGER NOT NULL, sentence INTEGER NOT NULL, question TEXT NOT NULL);
CREATE INDEX expansions_row ON expansions (row);
{lexical.TABLE};
"""


def write(data: Path, id: str, made_by: dict[str, Any], titles: dict[str, str], contents: Iterable[Contents]) -> Path:
    """Writes a snapshot into a building folder and returns it; `publish` makes it live.

    `made_by` is what `manifest.made_by` gives; `titles` the context words of each document.
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
    expansion_vectors: list[np.ndarray] = []
    row = sentence = documents = pages = 0
    for documents, part in enumerate(contents, 1):
        record = json.dumps(asdict(part.document), ensure_ascii=False)
        connection.execute("INSERT INTO documents VALUES (?, ?, ?)", (documents, part.document.id, record))
        connection.executemany(
            "INSERT INTO pages VALUES (?, ?, ?, ?, ?)",
            [(p.document, p.number, p.label, p.text, zlib.compress(m.tobytes(), 6)) for p, m in part.pages],
        )
        pages += len(part.pages)
        connection.executemany(
            "INSERT INTO expansions VALUES (?, ?, ?)", [(row + e.passage, e.sentence, e.question) for e in part.expansions]
        )
        for number, passage in enumerate(part.passages):
            row += 1
            asked = " ".join(e.question for e in part.expansions if e.passage == number)
            _insert_passage(connection, row, sentence, (titles.get(part.document.id, ""), asked), passage)
            sentence += len(passage.sentences)
        passage_vectors.append(part.vectors)
        sentence_vectors.append(part.sentence_vectors)
        if part.expansion_vectors is not None:
            expansion_vectors.append(part.expansion_vectors)
    connection.execute("INSERT INTO passages_fts(passages_fts) VALUES ('optimize')")
    connection.commit()
    connection.close()
    dimension = max((v.shape[1] for v in passage_vectors), default=1)
    everything = np.concatenate(passage_vectors) if passage_vectors else np.zeros((0, dimension), np.float32)
    vectors.build(everything).save(folder / "vectors.faiss")
    for name, parts in (("sentences", sentence_vectors), ("expansions", expansion_vectors)):
        joined = np.concatenate(parts) if parts else np.zeros((0, dimension), np.float32)
        np.save(folder / f"{name}.npy", joined.astype(np.float16))
    return {"documents": documents, "pages": pages, "passages": row, "sentences": sentence}


def _insert_passage(connection: sqlite3.Connection, row: int, sentence: int, beside: tuple[str, str], passage: Passage) -> None:
    """`beside` is what is searched with the passage: its document's title, and the questions written for it."""
    title, asked = beside
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
        "INSERT INTO passages_fts (rowid, context, text, asked) VALUES (?, ?, ?, ?)",
        (row, f"{title} {passage.heading}", passage.text, asked),
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
