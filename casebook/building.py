"""The stages of ingestion in order: hash, read, cut, encode, write, publish. Incremental by content hash.

    sources -> plan (what is new, what is carried over) -> Extracted -> passages -> vectors -> a published snapshot

A document whose bytes, title and settings are unchanged keeps its passages and vectors: it costs one hash.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from casebook.errors import CasebookError, DocumentError, SnapshotError, StaleSnapshotError
from casebook.planning import Plan, Reading
from casebook.records import Document, Page, Passage, document_record
from casebook.settings import Settings
from index import snapshot as snapshots
from index.encoder import Encoder
from index.snapshot import Contents, Snapshot
from ingest import catalog, expansions, extract
from ingest.catalog import Entry, Source
from ingest.passages import PassageSettings, context, make_passages
from ingest.workers import Limits, extract_all

Progress = Callable[[str, int, int], None]
"""progress(stage, done, total): stages are "Reading PDFs" and "Encoding passages"."""


@dataclass(slots=True)
class Outcome:
    """What an ingest did. `seconds` per stage; `set_aside` are (file name, one sentence)."""

    snapshot: str = ""
    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0
    set_aside: list[tuple[str, str]] = field(default_factory=list)
    pages: int = 0
    embedded: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start


@contextmanager
def exclusive(data: Path) -> Iterator[None]:
    """One writer at a time; readers are never held up. Raises `CasebookError` when another ingest runs."""
    data.mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(data / "ingest.lock", timeout=0):
            yield
    except Timeout as error:
        raise CasebookError("Another ingest is running on this data folder. Wait for it to finish, then try again.") from error


class Builder:
    """Builds the next snapshot from the live one, new files, edits and removals."""

    def __init__(self, settings: Settings, encoder: Encoder, progress: Progress | None = None) -> None:
        self.settings, self.encoder = settings, encoder
        self.progress = progress or (lambda stage, done, total: None)
        self.passage_settings = PassageSettings(min(settings.passage_tokens, encoder.max_tokens - 40), encoder.max_tokens - 6)
        self.outcome = Outcome()

    def ingest(self, sources: Sequence[Source], password: str | None = None, rebuild: bool = False) -> Outcome:
        """Adds or updates the given files; what was there stays. Publishes nothing when nothing changed."""
        with exclusive(self.settings.data):
            previous, records = self._previous(rebuild)
            plan = Plan(records, self.settings.data, self._bundled_entries())
            with self.outcome.timed("checking files"):
                fresh = [s for s in map(plan.add, sources, [password] * len(sources)) if s]
                self.outcome.set_aside += plan.set_aside
            # What must be read anew comes first: a new version of the same document then takes its place.
            return self._build(previous, plan, [*plan.stale(previous), *fresh])

    def remove(self, ids: Sequence[str]) -> Outcome:
        """Takes documents out; their files stay until the snapshot before is gone, so that it can be undone."""
        with exclusive(self.settings.data):
            previous, records = self._previous(False)
            plan = Plan({k: d for k, d in records.items() if k not in ids}, self.settings.data, [])
            self.outcome.removed += [id for id in ids if id in records]
            return self._build(previous, plan, plan.stale(previous))

    def edit(self, document: Document) -> Outcome:
        """Replaces a document's record (title, system, …); re-encodes it only when its title changed."""
        with exclusive(self.settings.data):
            previous, records = self._previous(False)
            plan = Plan({**records, document.id: document}, self.settings.data, [])
            self.outcome.updated.append(document.id)
            return self._build(previous, plan, plan.stale(previous))

    def undo(self) -> str:
        """Goes back to the snapshot before the live one; returns its id."""
        with exclusive(self.settings.data):
            return snapshots.revert(self.settings.data)

    def _bundled_entries(self) -> list[Entry]:
        file = self.settings.collection / "catalog.toml"
        return catalog.read_catalog(file) if file.is_file() else []

    def _previous(self, rebuild: bool) -> tuple[Snapshot | None, dict[str, Document]]:
        """The live snapshot to carry over from (None: everything is made anew) and the documents it has."""
        data = self.settings.data
        id = snapshots.current_id(data)
        if id is None:
            return None, {}
        folder = data / "snapshots" / id
        records = {str(r["id"]): document_record(r) for r in snapshots.recorded(folder)}
        try:
            manifest = snapshots.read_manifest(folder)
        except StaleSnapshotError:
            return None, records
        except SnapshotError:
            if rebuild:
                return None, records
            raise
        if rebuild or not self._made_alike(manifest):
            return None, records
        return snapshots.open_current(data, self.encoder.name, self.encoder.weights_sha256), records

    def _made_alike(self, manifest: snapshots.Manifest) -> bool:
        return (manifest.encoder, manifest.weights_sha256, manifest.extraction, manifest.passages) == (
            self.encoder.name,
            self.encoder.weights_sha256,
            extract.VERSION,
            self._passage_record(),
        )

    def _passage_record(self) -> dict[str, int]:
        return {
            "target": self.passage_settings.target,
            "limit": self.passage_settings.limit,
            "questions": expansions.version(self.settings.collection),
        }

    def _build(self, previous: Snapshot | None, plan: Plan, to_read: Sequence[Reading]) -> Outcome:
        contents = self._read(plan, to_read)
        carried = [id for id in plan.records if id not in contents]
        self.outcome.unchanged = len(carried)
        if not plan.records and not self.outcome.removed:
            if self.outcome.set_aside:
                return self.outcome
            raise CasebookError("There is nothing to ingest: no PDF was found.")
        id = snapshots.snapshot_id(
            snapshots.FORMAT,
            self.encoder.name,
            self.encoder.weights_sha256,
            extract.VERSION,
            self._passage_record(),
            [_identity(plan.records[key]) for key in plan.records],
        )
        self.outcome.snapshot = id
        if previous and id == previous.manifest.id and not contents:
            return self.outcome
        with self.outcome.timed("writing the index"):
            self._write(previous, id, plan, contents)
        return self.outcome

    def _read(self, plan: Plan, to_read: Sequence[Reading]) -> dict[str, Contents]:
        """Extracts and encodes what is new; files that cannot be read are set aside and keep their old version."""
        limits = Limits(self.settings.workers, self.settings.file_seconds, self.settings.file_megabytes)
        contents: dict[str, Contents] = {}
        cut: list[tuple[Document, extract.Extracted, list[Passage]]] = []
        with self.outcome.timed("reading PDFs"):
            results = extract_all([reading.file for reading in to_read], None, limits)
            for done, (reading, result) in enumerate(zip(to_read, results, strict=True), 1):
                self.progress("Reading PDFs", done, len(to_read))
                if isinstance(result, DocumentError):
                    plan.reject(reading)
                    name = reading.source.path.name
                    self.outcome.set_aside.append((name, str(result).replace(reading.file.name, name)))
                    continue
                document = plan.settle(reading, result)
                with self.outcome.timed("cutting passages"):
                    passages = make_passages(
                        document.id, document.title, result.pages, self.encoder.count_tokens, self.passage_settings
                    )
                self.outcome.pages += len(result.pages)
                told = self.outcome.updated if reading.replaces else self.outcome.added
                told += [document.id] if document.id not in told else []
                plan.records[document.id] = replace(document, passage_count=len(passages))
                cut.append((plan.records[document.id], result, passages))
        self.outcome.seconds["reading PDFs"] -= self.outcome.seconds.get("cutting passages", 0.0)
        with self.outcome.timed("encoding"):
            for found in self._encode(cut):
                contents[found.document.id] = found
        return contents

    def _encode(self, cut: Sequence[tuple[Document, extract.Extracted, list[Passage]]]) -> Iterator[Contents]:
        """Adds the vectors of passages (with their context), of their sentences and of the questions written for them, made in
        one run over all documents."""
        written = expansions.read(self.settings.collection)
        asked = [expansions.place(d.id, passages, written) for d, _, passages in cut]
        texts = [f"{context(d.title, p.heading)}. {p.text}" for d, _, passages in cut for p in passages]
        sentences = [_sentence(p, span) for _, _, passages in cut for p in passages for span in p.sentences]
        questions = [expansion.question for part in asked for expansion in part]
        self.outcome.embedded += len(texts)
        done = 0
        vectors = []
        for part in (texts, sentences, questions):
            vectors.append(iter(self.encoder.encode(part, self._tell(done, len(texts) + len(sentences) + len(questions)))))
            done += len(part)
        for (document, result, passages), own in zip(cut, asked, strict=True):
            pages = [(Page(document.id, p.number, p.label, p.text), p.char_map) for p in result.pages]
            counts = (len(passages), sum(len(p.sentences) for p in passages), len(own))
            shares = [self._rows(rows, count) for rows, count in zip(vectors, counts, strict=True)]
            yield Contents(document, pages, passages, shares[0], shares[1], own, shares[2])

    def _rows(self, rows: Iterator[np.ndarray], count: int) -> np.ndarray:
        """The next `count` rows, (count, d)."""
        return np.array([next(rows) for _ in range(count)], np.float32).reshape(-1, self.encoder.dimension)

    def _tell(self, offset: int, total: int) -> Callable[[int, int], None]:
        return lambda done, _: self.progress("Encoding passages", offset + done, total)

    def _write(self, previous: Snapshot | None, id: str, plan: Plan, contents: dict[str, Contents]) -> None:
        def parts() -> Iterator[Contents]:
            for key, document in plan.records.items():
                if key in contents:
                    yield replace(contents[key], document=document)
                elif previous:
                    yield replace(previous.contents(key), document=document)

        documents = [_as_record(d) for d in plan.records.values()]
        made_by = snapshots.made_by(self.encoder, extract.VERSION, self._passage_record(), documents)
        titles = {key: document.title for key, document in plan.records.items()}
        building = snapshots.write(self.settings.data, id, made_by, titles, parts())
        snapshots.publish(self.settings.data, building, id)


def _sentence(passage: Passage, span: tuple[int, int]) -> str:
    return passage.text[span[0] - passage.start : span[1] - passage.start]


def _as_record(document: Document) -> dict[str, object]:
    return {name: getattr(document, name) for name in Document.__slots__}


def _identity(document: Document) -> dict[str, object]:
    """What of a record makes the snapshot what it is: not when it was added, nor from which folder."""
    return {k: v for k, v in _as_record(document).items() if k not in ("added", "origin")}
