"""What `Library.compare` gathers: the documents of each system, theme texts, and cells kept from an earlier time.

Finished rows of themes are kept in data/cache/compare/<snapshot>/, one file a row; a kept quotation is compared with
its page again before it is shown. Questions are not kept: they belong to whoever asked.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from answer import citations, compare
from answer.compare import Source
from casebook import asking
from casebook.asking import Asking
from casebook.records import Cell, Citation, Document, Hit, Statement, Theme
from index.search import search
from index.snapshot import Snapshot

POOL = 24
"""Passages of a system a cell is chosen from."""


@dataclass(frozen=True, slots=True)
class Comparing:
    """What cells are made from; `data` is the data folder, where finished rows are kept."""

    asking: Asking
    data: Path


def cells(comparing: Comparing, systems: Sequence[str], themes: Sequence[Theme], questions: Sequence[str]) -> Iterator[Cell]:
    """One cell for each pair, row by row: themes first, then questions."""
    snapshot = comparing.asking.snapshot
    documents = {system: [d for d in snapshot.documents.values() if d.system == system] for system in systems}
    source = _source(comparing.asking, documents)
    kept = {theme.id: _kept(comparing, theme, documents) for theme in themes}
    new = [theme for theme in themes if len(kept[theme.id]) < len(documents)]
    made = compare.theme_cells(source, documents, new)
    for theme in themes:
        if theme not in new:
            yield from (kept[theme.id][system] for system in documents)
            continue
        row = []
        for _ in documents:
            row.append(next(made))
            yield row[-1]
        _keep(comparing, theme, row)
    yield from compare.question_cells(source, documents, questions)


def _source(with_what: Asking, documents: Mapping[str, Sequence[Document]]) -> Source:
    snapshot = with_what.snapshot
    encoder = _Remembering(with_what)

    def find(question: str, vector: np.ndarray, ids: Sequence[str]) -> list[Hit]:
        return search(snapshot, encoder, question, POOL, ids, with_what.search, vector)

    def ask(question: str, system: str) -> Any:
        asked = replace(with_what, encoder=encoder)
        return asking.ask(asked, question.replace("{system}", system), [d.id for d in documents[system]], [system])

    sources = asking.sources(snapshot, asking.names(list(snapshot.documents.values())))
    return Source(with_what.encoder.encode, find, sources, snapshot.page, ask)


class _Remembering:
    """An encoder that encodes a question once, however many systems it is asked of."""

    def __init__(self, with_what: Asking) -> None:
        self._one = functools.lru_cache(64)(lambda text: with_what.encoder.encode([text])[0])

    def encode(self, texts: Sequence[str]) -> np.ndarray:
        return np.stack([self._one(text) for text in texts])


# --- kept rows ---


def _file(comparing: Comparing, theme: Theme, systems: Sequence[str]) -> Path:
    made_by = json.dumps([compare.VERSION, astuple(theme), astuple(comparing.asking.search), POOL, list(systems)])
    name = f"{hashlib.sha256(made_by.encode()).hexdigest()[:16]}.json"
    return comparing.data / "cache" / "compare" / comparing.asking.snapshot.manifest.id / name


def _kept(comparing: Comparing, theme: Theme, documents: Mapping[str, Sequence[Document]]) -> dict[str, Cell]:
    """System -> cell of a row made before; empty when there is none, or when a quotation of it does not stand."""
    try:
        values = json.loads(_file(comparing, theme, list(documents)).read_text(encoding="utf-8"))
        found = {value["system"]: _cell(value) for value in values}
    except (OSError, ValueError, TypeError, KeyError):
        return {}
    snapshot: Snapshot = comparing.asking.snapshot
    for cell in found.values():
        quoted = [cell.statement, *cell.others] if cell.statement else []
        if not all(citations.verify_statement(statement, snapshot.page) for statement in quoted):
            return {}
    return found if list(found) == list(documents) else {}


def _cell(value: dict[str, Any]) -> Cell:
    statement = _statement(value["statement"]) if value["statement"] else None
    rejected = Citation(**value["rejected"]) if value["rejected"] else None
    others = tuple(_statement(other) for other in value["others"])
    return Cell(**{**value, "statement": statement, "rejected": rejected, "others": others})


def _statement(value: dict[str, Any]) -> Statement:
    return Statement(**{**value, "citations": tuple(Citation(**c) for c in value["citations"])})


def _keep(comparing: Comparing, theme: Theme, row: Sequence[Cell]) -> None:
    """Writes a row atomically and drops the rows of other snapshots; a folder that cannot be written is no error."""
    path = _file(comparing, theme, [cell.system for cell in row])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_suffix(f".{os.getpid()}.tmp")
        temporary.write_text(json.dumps([asdict(cell) for cell in row], ensure_ascii=False), encoding="utf-8")
        temporary.replace(path)
        for other in path.parent.parent.iterdir():
            if other != path.parent:
                shutil.rmtree(other, ignore_errors=True)
    except OSError:
        return
