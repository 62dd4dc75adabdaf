"""`verify`: extracts every document again and compares, character for character, with what the index holds.

One altered digit fails: page texts, passage and sentence ranges, counts, vector shapes and the files' hashes are checked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from answer.citations import verify_statement
from casebook.errors import DocumentError, SnapshotError
from casebook.library import Library
from casebook.records import Document, Page, Passage, Statement
from index import snapshot as snapshots
from index.files import file_sha256
from index.snapshot import Snapshot
from ingest.extract import Extracted
from ingest.passages import PassageSettings, make_passages
from ingest.workers import Limits, extract_all


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked, and every problem in one sentence each."""

    documents: int
    pages: int
    passages: int
    problems: tuple[str, ...]


def verify(library: Library) -> Verification:
    """Raises `SnapshotError` when there is nothing that can be opened."""
    id = snapshots.current_id(library.settings.data)
    problems: list[str] = []
    if id is not None:
        folder = library.settings.data / "snapshots" / id
        problems += snapshots.file_problems(folder, snapshots.read_manifest(folder), thorough=True)
    if problems:
        raise SnapshotError(f"The index is damaged: {'; '.join(problems)}. {snapshots.REPAIR}")
    snapshot = library.snapshot
    problems += _counts(snapshot)
    problems += _vectors(snapshot)
    pages = 0
    documents = list(snapshot.documents.values())
    limits = Limits(library.settings.workers, library.settings.file_seconds, library.settings.file_megabytes)
    for document, result in zip(documents, extract_all([library.file(d.id) for d in documents], None, limits), strict=True):
        pages += document.page_count
        problems += _document(library, snapshot, document, result)
    return Verification(len(documents), pages, snapshot.manifest.counts["passages"], tuple(problems))


def quotation_problems(library: Library, statements: Sequence[Statement]) -> list[str]:
    """What is wrong with quotations when their PDFs are read again: one sentence for each statement that does not stand.

    Nothing of the index is trusted but which file a document is. Raises `NotFoundError` for a document there is not.
    """
    ids = list(dict.fromkeys(c.document for s in statements for c in s.citations))
    limits = Limits(library.settings.workers, library.settings.file_seconds, library.settings.file_megabytes)
    read = extract_all([library.file(id) for id in ids], None, limits)
    pages = {
        (id, page.number): Page(id, page.number, page.label, page.text)
        for id, result in zip(ids, read, strict=True)
        if isinstance(result, Extracted)
        for page in result.pages
    }

    def read_page(document: str, number: int) -> Page:
        return pages.get((document, number)) or Page(document, number, "", "")

    return [
        f"{s.citations[0].document}, page {s.citations[0].page}: the quotation “{s.text[:60]}…” does not stand in the PDF"
        if s.citations
        else f"“{s.text[:60]}…” has no citation"
        for s in statements
        if not verify_statement(s, read_page)
    ]


def _counts(snapshot: Snapshot) -> Iterator[str]:
    for table in ("documents", "pages", "passages"):
        found = snapshot.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        if found != snapshot.manifest.counts[table]:
            yield f"{table}: {found} in the index, {snapshot.manifest.counts[table]} in the manifest"
    indexed = snapshot.connection.execute("SELECT count(*) FROM passages_fts").fetchone()[0]
    if indexed != snapshot.manifest.counts["passages"]:
        yield f"words: {indexed} passages indexed, {snapshot.manifest.counts['passages']} in the manifest"


def _vectors(snapshot: Snapshot) -> Iterator[str]:
    counts, dimension = snapshot.manifest.counts, snapshot.manifest.dimension
    found = (snapshot.vectors.count, snapshot.vectors.dimension)
    if found != (counts["passages"], dimension) and counts["passages"]:
        yield f"passage vectors: {found[0]} x {found[1]}, expected {counts['passages']} x {dimension}"
    if snapshot.sentences.shape != (counts["sentences"], dimension) and counts["sentences"]:
        yield f"sentence vectors: {snapshot.sentences.shape}, expected {counts['sentences']} x {dimension}"
    for start in range(0, counts["passages"], 4096):
        rows = range(start, min(start + 4096, counts["passages"]))
        lengths = np.linalg.norm(snapshot.vectors.vectors(list(rows)), axis=1)
        for row in np.flatnonzero(np.abs(lengths - 1) > 0.02):
            yield f"passage vector {start + row} has length {lengths[row]:.3f}, expected 1"


def _document(library: Library, snapshot: Snapshot, document: Document, result: Extracted | DocumentError) -> Iterator[str]:
    if isinstance(result, DocumentError):
        yield f"{document.id}: {result}"
        return
    if file_sha256(library.file(document.id)) != document.sha256:
        yield f"{document.id}: the PDF in the data folder was changed"
    held = {page.number: page for page in snapshot.pages(document.id)}
    for page in result.pages:
        kept = held.pop(page.number, None)
        if kept is None or kept.text != page.text or kept.label != page.label:
            yield f"{document.id}, page {page.number}: the text differs from the PDF's"
        elif list(snapshot.char_map(document.id, page.number)) != list(page.char_map):
            yield f"{document.id}, page {page.number}: the highlight map differs from the PDF's"
    for number in held:
        yield f"{document.id}, page {number}: the PDF has no such page"
    made = snapshot.manifest.passages
    again = make_passages(
        document.id, document.title, result.pages, library.encoder.count_tokens, PassageSettings(made["target"], made["limit"])
    )
    kept_passages = snapshot.passages(snapshot.document_rows([document.id]))
    yield from _passages(document, again, kept_passages)


def _passages(document: Document, again: list[Passage], kept: list[Passage]) -> Iterator[str]:
    if len(again) != len(kept):
        yield f"{document.id}: {len(kept)} passages in the index, {len(again)} in the PDF"
    for expected, found in zip(again, kept, strict=False):
        if expected != found:
            yield f"{document.id}, page {found.page}: the passage {found.id} differs from the PDF's text"
