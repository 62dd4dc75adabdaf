"""The stages of ingestion in order: hash, read, cut, encode, write, publish. Incremental by content hash.

    sources -> plan (what is new, what is carried over) -> Extracted -> passages -> vectors -> a published snapshot

A document whose bytes, title and settings are unchanged keeps its passages and vectors: it costs one hash.
"""

from __future__ import annotations

import datetime
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

from casebook.errors import CasebookError, DocumentError, SnapshotError
from casebook.records import Document, Page, Passage, document_record
from casebook.settings import Settings
from index import snapshot as snapshots
from index.encoder import Encoder
from index.files import file_sha256
from index.snapshot import Contents, Snapshot
from ingest import catalog, extract, pdf
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
            plan = _Plan(records, self.settings.data, self._bundled_entries())
            with self.outcome.timed("checking files"):
                fresh = [s for s in map(plan.add, sources, [password] * len(sources)) if s]
                self.outcome.set_aside += plan.set_aside
            # What must be read anew comes first: a new version of the same document then takes its place.
            return self._build(previous, plan, [*plan.stale(previous), *fresh])

    def remove(self, ids: Sequence[str]) -> Outcome:
        """Takes documents out; their files stay until the snapshot before is gone, so that it can be undone."""
        with exclusive(self.settings.data):
            previous, records = self._previous(False)
            plan = _Plan({k: d for k, d in records.items() if k not in ids}, self.settings.data, [])
            self.outcome.removed += [id for id in ids if id in records]
            return self._build(previous, plan, plan.stale(previous))

    def edit(self, document: Document) -> Outcome:
        """Replaces a document's record (title, system, …); re-encodes it only when its title changed."""
        with exclusive(self.settings.data):
            previous, records = self._previous(False)
            plan = _Plan({**records, document.id: document}, self.settings.data, [])
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
        try:
            manifest = snapshots.read_manifest(data / "snapshots" / id)
        except SnapshotError:
            if rebuild:
                return None, {}
            raise
        records = {str(r["id"]): document_record(r) for r in manifest.documents}
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
        return {"target": self.passage_settings.target, "limit": self.passage_settings.limit}

    def _build(self, previous: Snapshot | None, plan: _Plan, to_read: Sequence[_Reading]) -> Outcome:
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

    def _read(self, plan: _Plan, to_read: Sequence[_Reading]) -> dict[str, Contents]:
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
            for document, result, passages, found, quotable in self._encode(cut):
                pages = [(Page(document.id, p.number, p.label, p.text), p.char_map) for p in result.pages]
                contents[document.id] = Contents(document, pages, passages, found, quotable)
        return contents

    def _encode(
        self, cut: Sequence[tuple[Document, extract.Extracted, list[Passage]]]
    ) -> Iterator[tuple[Document, extract.Extracted, list[Passage], np.ndarray, np.ndarray]]:
        """Vectors of passages (with their context) and of their sentences, in one run over all documents."""
        texts = [f"{context(d.title, p.heading)}. {p.text}" for d, _, passages in cut for p in passages]
        sentences = [_sentence(p, span) for _, _, passages in cut for p in passages for span in p.sentences]
        total = len(texts) + len(sentences)
        self.outcome.embedded += len(texts)
        tell = lambda offset: lambda done, _: self.progress("Encoding passages", offset + done, total)  # noqa: E731
        vectors = self.encoder.encode(texts, tell(0))
        quotable = self.encoder.encode(sentences, tell(len(texts)))
        row = sentence = 0
        for document, result, passages in cut:
            more, quoted = len(passages), sum(len(p.sentences) for p in passages)
            yield document, result, passages, vectors[row : row + more], quotable[sentence : sentence + quoted]
            row, sentence = row + more, sentence + quoted

    def _write(self, previous: Snapshot | None, id: str, plan: _Plan, contents: dict[str, Contents]) -> None:
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


def _kind_of(entry: Entry) -> str:
    return str(entry.values.get("source", "yours"))


def _sentence(passage: Passage, span: tuple[int, int]) -> str:
    return passage.text[span[0] - passage.start : span[1] - passage.start]


def _as_record(document: Document) -> dict[str, object]:
    return {name: getattr(document, name) for name in Document.__slots__}


def _identity(document: Document) -> dict[str, object]:
    """What of a record makes the snapshot what it is: not when it was added, nor from which folder."""
    return {k: v for k, v in _as_record(document).items() if k not in ("added", "origin")}


@dataclass(frozen=True, slots=True)
class _Reading:
    """A file to extract. `replaces` is the id of the document it takes the place of, "" for a new one."""

    source: Source
    file: Path
    sha256: str
    replaces: str = ""
    record: Document | None = None


class _Plan:
    """Which documents the next snapshot has, in order, and what of it must be read."""

    def __init__(self, records: dict[str, Document], data: Path, known: Sequence[Entry]) -> None:
        self.records = dict(records)
        self.set_aside: list[tuple[str, str]] = []
        self._before = dict(records)
        self._files = data / "files"
        self._known = known
        self._reading: set[str] = set()

    def add(self, source: Source, password: str | None) -> _Reading | None:
        """Stores the file by its content; returns what to read of it, or None when it is there already or set aside."""
        try:
            stored, sha256 = self._store(source.path, password)
        except DocumentError as error:
            self.set_aside.append((source.path.name, str(error)))
            return None
        known = self._same(source, sha256)
        if known and known.sha256 == sha256:
            if source.entry:  # the same bytes, but its catalog may say something new of them; `stale` sees a new title
                said = {k: v for k, v in source.entry.values.items() if k != "id" and k not in known.corrected}
                self.records[known.id] = replace(known, **said)
            return None
        if sha256 in self._reading and not (source.entry and source.entry.named):
            return None  # a copy of a file that is read in this very run
        self._reading.add(sha256)
        return _Reading(source, stored, sha256, known.id if known else "")

    def _same(self, source: Source, sha256: str) -> Document | None:
        """The document a file is a version of: it came from there, or has its catalog's id, or the same bytes.

        A name is no reason: two folders may each have a report.pdf, and a catalog of yours does not replace a brief.
        """
        entry = source.entry
        here = next((d for d in self.records.values() if d.origin == str(source.path)), None)
        if here or (entry and entry.named and (here := self.records.get(entry.id)) and here.source == _kind_of(entry)):
            return here
        twin = next((d for d in self.records.values() if d.sha256 == sha256), None)
        return twin if twin and (entry is None or not entry.named or twin.source == _kind_of(entry)) else None

    def stale(self, previous: Snapshot | None) -> list[_Reading]:
        """Documents that cannot be carried over: all without a previous snapshot, else those with a new title."""
        found = []
        for id, document in self.records.items():
            before = previous.documents.get(id) if previous else None
            if before is None or (before.sha256, before.title) != (document.sha256, document.title):
                file = self._files / f"{document.sha256}.pdf"
                found.append(_Reading(Source(file), file, document.sha256, id, document))
        return found

    def settle(self, reading: _Reading, result: extract.Extracted) -> Document:
        """The record of a document just read, under an id no other document has."""
        today = datetime.date.today().isoformat()
        if reading.record:
            return replace(reading.record, page_count=len(result.pages), flags=result.flags)
        found = catalog.describe(reading.source, reading.sha256, result, self._known)
        if reading.replaces:
            kept = self.records[reading.replaces]
            made = {name: getattr(kept, name) for name in kept.corrected}  # they outlive a new version of the file
            return replace(found, id=reading.replaces, added=today, corrected=kept.corrected, **made)
        id, number = found.id, 2
        while id in self.records:
            id, number = f"{found.id}-{number}", number + 1
        return replace(found, id=id, added=today)

    def reject(self, reading: _Reading) -> None:
        """Forgets a file that could not be read; a document it should have replaced stays as it was."""
        if reading.record and reading.replaces in self._before:
            self.records.pop(reading.replaces, None)

    def _store(self, path: Path, password: str | None) -> tuple[Path, str]:
        """Copies into files/ under the content's hash, decrypted if it was encrypted; atomic."""
        pdf.check(path)
        self._files.mkdir(parents=True, exist_ok=True)
        temporary = self._files / f"{path.stem[:40]}.{time.monotonic_ns()}.tmp"
        try:
            if password is not None and pdf.is_encrypted(path):
                pdf.decrypt(path, password, temporary)
            else:
                shutil.copyfile(path, temporary)
            sha256 = file_sha256(temporary)
            stored = self._files / f"{sha256}.pdf"
            temporary.replace(stored)
            return stored, sha256
        except OSError as error:
            raise DocumentError(f"{path.name} cannot be copied: {error.strerror or error}.") from error
        finally:
            temporary.unlink(missing_ok=True)
