"""Decides which documents the next snapshot has and which of them must be read, before any of them is.

Files are stored by their content here, so what is planned is what is read, whatever becomes of the folder it came from.
"""

from __future__ import annotations

import datetime
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from casebook.errors import DocumentError
from casebook.records import Document
from index.files import file_sha256
from index.snapshot import Snapshot
from ingest import catalog, extract, pdf
from ingest.catalog import Entry, Source


@dataclass(frozen=True, slots=True)
class Reading:
    """A file to extract. `replaces` is the id of the document it takes the place of, "" for a new one."""

    source: Source
    file: Path
    sha256: str
    replaces: str = ""
    record: Document | None = None


class Plan:
    """Which documents the next snapshot has, in order, and what of it must be read."""

    def __init__(self, records: dict[str, Document], data: Path, known: Sequence[Entry]) -> None:
        self.records = dict(records)
        self.set_aside: list[tuple[str, str]] = []
        self._before = dict(records)
        self._files = data / "files"
        self._known = known
        self._reading: set[str] = set()

    def add(self, source: Source, password: str | None) -> Reading | None:
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
        return Reading(source, stored, sha256, known.id if known else "")

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

    def stale(self, previous: Snapshot | None) -> list[Reading]:
        """Documents that cannot be carried over: all without a previous snapshot, else those with a new title."""
        found = []
        for id, document in self.records.items():
            before = previous.documents.get(id) if previous else None
            if before is None or (before.sha256, before.title) != (document.sha256, document.title):
                file = self._files / f"{document.sha256}.pdf"
                found.append(Reading(Source(file), file, document.sha256, id, document))
        return found

    def settle(self, reading: Reading, result: extract.Extracted) -> Document:
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

    def reject(self, reading: Reading) -> None:
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


def _kind_of(entry: Entry) -> str:
    return str(entry.values.get("source", "yours"))
