"""The facade everything above calls: open, ingest, search, ask, page, highlight, verify.

It wires ingest, index and answer together; none of those imports another. Safe to use from several threads. Each call
works on the snapshot that is live when it starts: a new one published meanwhile serves the next call.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from answer import abstain, citations
from answer.evidence import Relevance
from answer.extract import AnswerSettings
from answer.select import SelectSettings
from casebook import asking
from casebook.asking import Asking
from casebook.building import Builder, Outcome, Progress
from casebook.errors import CasebookError, NotFoundError, UsageError
from casebook.records import Answer, Citation, Document, Hit, Page
from casebook.settings import Settings, load
from index import snapshot as snapshots
from index.encoder import Encoder
from index.search import SearchSettings, clean_question, search
from index.snapshot import Snapshot
from ingest import catalog, render
from ingest.catalog import Source


class Library:
    """A data folder, opened when first needed."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or load()
        self._lock = threading.Lock()
        self._open: Snapshot | None = None

    @functools.cached_property
    def encoder(self) -> Encoder:
        return Encoder(self.settings.encoder)

    # --- the collection ---

    def ingest(
        self, paths: Sequence[Path] = (), password: str | None = None, rebuild: bool = False, progress: Progress | None = None
    ) -> Outcome:
        """Ingests files and folders; none: the bundled collection. Files that cannot be read are set aside and named."""
        sources: list[Source] = catalog.gather(paths) if paths else catalog.bundled(self.settings.collection)
        return Builder(self.settings, self.encoder, progress).ingest(sources, password, rebuild)

    def remove(self, ids: Sequence[str]) -> Outcome:
        for id in ids:
            self.document(id)
        return Builder(self.settings, self.encoder).remove(ids)

    def edit(self, id: str, **changes: str) -> Outcome:
        """Corrects a document's title, system, kind, years or state."""
        allowed = {"title", "system", "kind", "years", "state"}
        if not changes or set(changes) - allowed:
            raise UsageError(f"What can be set is: {', '.join(sorted(allowed))}.")
        return Builder(self.settings, self.encoder).edit(replace(self.document(id), **changes))  # type: ignore[arg-type]

    @property
    def snapshot(self) -> Snapshot:
        """The live snapshot; opened anew when another has been published."""
        with self._lock:
            live = snapshots.current_id(self.settings.data)
            if self._open is None or live != self._open.manifest.id:
                self._open = snapshots.open_current(self.settings.data, self.encoder.name, self.encoder.weights_sha256)
            return self._open

    def documents(self) -> list[Document]:
        return list(self.snapshot.documents.values())

    def document(self, id: str) -> Document:
        """Raises `NotFoundError` with the ids there are."""
        known = self.snapshot.documents
        if id not in known:
            raise NotFoundError(f"There is no document {id!r}. Documents are: {', '.join(known)}.")
        return known[id]

    def page(self, document: str, number: int) -> Page:
        return self.snapshot.page(document, number)

    # --- questions ---

    def scope(self, systems: Sequence[str] = (), documents: Sequence[str] = ()) -> list[str] | None:
        """Ids of the documents of these systems and ids; None means all. Raises `NotFoundError` for an unknown name."""
        if not systems and not documents:
            return None
        known = self.snapshot.documents
        for id in documents:
            self.document(id)
        chosen = set(documents)
        for name in systems:
            matching = [d.id for d in known.values() if name.casefold() in _names(d)]
            if not matching:
                there = sorted({d.system for d in known.values() if d.system})
                raise NotFoundError(f"There is no system {name!r}. Systems are: {', '.join(there)}.")
            chosen &= set(matching) if documents else chosen
            chosen |= set() if documents else set(matching)
        return [id for id in known if id in chosen]

    def search(
        self, question: str, k: int = 10, systems: Sequence[str] = (), documents: Sequence[str] = ()
    ) -> list[Hit]:
        """The k best passages, best first."""
        settings = SearchSettings(self.settings.pool, self.settings.words_weight)
        return search(self.snapshot, self.encoder, question, k, self.scope(systems, documents), settings)

    def ask(
        self, question: str, systems: Sequence[str] = (), documents: Sequence[str] = (), point: str | None = None
    ) -> Answer:
        """Verbatim quotations that answer the question, or an abstention.

        `point` is an operating point ("careful", "balanced", "generous") other than the settings'.
        """
        scope = self.scope(systems, documents)
        chosen = systems_of(self.document(id) for id in scope or ()) if systems else []
        search_settings = SearchSettings(self.settings.pool, self.settings.words_weight)
        with_what = Asking(self.snapshot, self.encoder, search_settings, self.answer_settings(point), self.relevance)
        return asking.ask(with_what, question, scope, chosen)

    def answer_settings(self, point: str | None = None) -> AnswerSettings:
        """How answers are chosen and when they abstain; raises `UsageError` for an operating point there is not."""
        if point is not None and point not in abstain.POINTS:
            raise UsageError(f"{point!r} is no operating point. There are: {', '.join(abstain.POINTS)}.")
        chosen = SelectSettings(self.settings.statements)
        return AnswerSettings(chosen, point or self.settings.caution, None if point else self.settings.threshold)

    @functools.cached_property
    def relevance(self) -> Relevance | None:
        """The trained answer selector as (question, texts) -> logits; None where it is not installed."""
        return None

    @property
    def threshold(self) -> float:
        """The confidence below which answers abstain."""
        return self.answer_settings().asked(self.relevance is not None)

    # --- showing and checking ---

    def file(self, document: str) -> Path:
        return self.settings.data / "files" / f"{self.document(document).sha256}.pdf"

    def page_image(self, document: str, number: int, width: int = 1200) -> bytes:
        """The page as JPEG."""
        self.page(document, number)
        return render.page_image(self.file(document), number, width)

    def highlight(self, document: str, number: int, start: int, end: int) -> list[render.Box]:
        """Boxes over ``page.text[start:end]``; none when under half of it can be located on the page."""
        page = self.page(document, number)
        start, end = max(0, start), min(end, len(page.text))
        wanted = [i for i in range(start, end) if not page.text[i].isspace()]
        drawn = self.snapshot.char_map(document, number)
        located = [drawn[i] for i in wanted if drawn[i] >= 0]
        if not wanted or 2 * len(located) < len(wanted):
            return []
        return render.boxes(self.file(document), number, located)

    def verify_citation(self, citation: Citation) -> bool:
        return citations.verify(citation, self.snapshot.page)

    def ready(self) -> bool:
        """Whether there is an index that can be opened."""
        try:
            return self.snapshot is not None
        except CasebookError:
            return False


def _names(document: Document) -> set[str]:
    return {name.casefold() for name in (document.system, *document.aliases) if name}


def systems_of(documents: Iterable[Document]) -> list[str]:
    """Distinct systems, in the collection's order."""
    return list(dict.fromkeys(d.system for d in documents if d.system))
