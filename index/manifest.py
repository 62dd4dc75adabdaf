"""What a snapshot is made of, what its manifest says of it, and whether its files are still those that were written.

    data/snapshots/<id>/           casebook.sqlite, vectors.faiss, sentences.npy, expansions.npy, manifest.json
    data/CURRENT                   the id of the live snapshot

The id is a hash of everything that made the snapshot, so the same documents under the same settings give the same id.
"""

from __future__ import annotations

import hashlib
import json
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np

from casebook.errors import SnapshotError, StaleSnapshotError
from casebook.records import Document, Expansion, Page, Passage
from index.encoder import Encoder
from index.files import file_sha256

FORMAT = 2
REPAIR = "Repair it with: python -m casebook ingest --rebuild"
FILES = ("casebook.sqlite", "vectors.faiss", "sentences.npy", "expansions.npy")


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
    """One document's share of a snapshot. `vectors` is (passages, d), `sentence_vectors` (sentences, d), unit rows;
    `expansions` are in the order of their passages, `expansion_vectors` (expansions, d) belong to them."""

    document: Document
    pages: Sequence[tuple[Page, array[int]]]
    passages: Sequence[Passage]
    vectors: np.ndarray
    sentence_vectors: np.ndarray
    expansions: Sequence[Expansion] = ()
    expansion_vectors: np.ndarray | None = None


def made_by(
    encoder: Encoder, extraction: int = 0, passages: dict[str, int] | None = None, documents: Sequence[dict[str, Any]] = ()
) -> dict[str, Any]:
    """The manifest's fields that are not counted when it is written; an encoder alone is enough where no PDF was read."""
    return {
        "encoder": encoder.name,
        "weights_sha256": encoder.weights_sha256,
        "dimension": encoder.dimension,
        "extraction": extraction,
        "passages": passages or {},
        "documents": list(documents),
    }


def snapshot_id(*parts: object) -> str:
    """12 hex digits that stand for everything in `parts`."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()[:12]


def current_id(data: Path) -> str | None:
    """The id of the live snapshot, or None."""
    try:
        return (data / "CURRENT").read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):
        return None


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


def recorded(folder: Path) -> list[dict[str, Any]]:
    """The documents a snapshot of any format had, so that none is lost when it is made anew; none where they cannot be read."""
    try:
        found = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["documents"]
        return [dict(record) for record in found]
    except (OSError, ValueError, KeyError, TypeError):
        return []


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
