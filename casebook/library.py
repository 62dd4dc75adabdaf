"""The facade everything above calls: open, ingest, search, ask, page, highlight, verify.

It wires ingest, index and answer together; none of those imports another. Safe to use from several threads. Each call
works on the snapshot that is live when it starts: a new one published meanwhile serves the next call.
"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from answer import abstain, citations, conversation, export, generate
from answer import themes as theme_files
from answer.evidence import Relevance
from answer.extract import AnswerSettings
from answer.select import SelectSettings
from casebook import asking, comparing
from casebook.asking import Asking
from casebook.building import Builder, Outcome, Progress
from casebook.comparing import Comparing
from casebook.errors import CasebookError, NotFoundError, UsageError
from casebook.records import Answer, Cell, Citation, Comparison, Document, Hit, Page, Theme, Written
from casebook.settings import Settings, load
from index import snapshot as snapshots
from index.encoder import Encoder
from index.reranker import CrossEncoder
from index.search import SearchSettings, search
from index.snapshot import Snapshot
from index.themes import rows as theme_rows
from ingest import catalog, render
from ingest.catalog import Source


class Library:
    """A data folder, opened when first needed."""

    def __init__(self, settings: Settings | None = None) -> None:
        self.settings = settings or load()
        self._lock = threading.Lock()
        self._turn = threading.Lock()  # an answer keeps every core busy: people at once wait less when each is answered whole
        self._open: Snapshot | None = None

    @functools.cached_property
    def encoder(self) -> Encoder:
        return Encoder(self.settings.encoder)

    @functools.cached_property
    def reranker(self) -> CrossEncoder | None:
        """The cross-encoder, where the settings want it."""
        return CrossEncoder() if self.settings.reranker else None

    @property
    def search_settings(self) -> SearchSettings:
        rerank = self.settings.rerank if self.settings.reranker else 0
        return SearchSettings(self.settings.pool, self.settings.words_weight, rerank=rerank)

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
        """Corrects title, system, kind, years, state, source, author or date; a later ingest keeps what was corrected."""
        allowed = {"title", "system", "kind", "years", "state", "source", "author", "date"}
        if not changes or set(changes) - allowed:
            raise UsageError(f"What can be set is: {', '.join(sorted(allowed))}.")
        if not changes.get("title", "a title").strip():
            raise UsageError("A title cannot be empty.")
        if changes.get("source", "yours") not in catalog.SOURCES:
            raise UsageError(f"A source is one of {', '.join(catalog.SOURCES)}, not {changes['source']!r}.")
        document = self.document(id)
        corrected = tuple(sorted({*document.corrected, *changes}))
        return Builder(self.settings, self.encoder).edit(replace(document, **changes, corrected=corrected))  # type: ignore[arg-type]

    def undo(self) -> tuple[list[Document], list[Document]]:
        """Goes back to the index before the last change; once more comes forward again. The documents (before, now)."""
        before = self.documents()
        Builder(self.settings, self.encoder).undo()
        return before, self.documents()

    def restore(self, document: Document) -> Outcome:
        """Puts a document back as it was, after `remove`, `edit` or a new version; its file is still in the data folder."""
        return Builder(self.settings, self.encoder).edit(document)

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
        self,
        question: str,
        k: int = 10,
        systems: Sequence[str] = (),
        documents: Sequence[str] = (),
        themes: Sequence[str] = (),
        diversity: float = 0.0,
    ) -> list[Hit]:
        """The k best passages, best first. `themes` are ids or labels; `diversity` above 0 trades relevance for variety."""
        snapshot, scope = self.snapshot, self.scope(systems, documents)
        chosen = [(t.label, t.definition) for t in theme_files.choose(self.themes(), themes)] if themes else []
        rows = theme_rows(snapshot, self.encoder, chosen, scope) if chosen else None
        settings = replace(self.search_settings, diversity=diversity)
        return search(snapshot, self.encoder, question, k, scope, settings, rows=rows, reranker=self.reranker)

    def ask(
        self,
        question: str,
        systems: Sequence[str] = (),
        documents: Sequence[str] = (),
        point: str | None = None,
        history: Sequence[str] = (),
    ) -> Answer:
        """Verbatim quotations that answer the question, or an abstention.

        `point` is an operating point ("careful", "balanced", "generous") other than the settings'. `history` are the
        person's earlier questions, oldest first; a note says how a follow-up was read.
        """
        if history and (read := self.resolve(question, history)) != question:
            found = self.ask(read, systems, documents, point)
            return replace(found, question=question, notes=(f"Read as: {read}", *found.notes))
        scope = self.scope(systems, documents)
        chosen = systems_of(self.document(id) for id in scope or ()) if systems else []
        with_what = self.asking(point)
        with self._turn:
            return asking.ask(with_what, question, scope, chosen)

    def resolve(self, question: str, history: Sequence[str]) -> str:
        """The question as it would be asked alone, after the person's earlier questions, oldest first."""
        known = conversation.Catalog(asking.names(self.documents()), self.themes())
        return conversation.resolve(question, history, known)

    def write(self, answer: Answer, stop: Callable[[], bool] = lambda: False) -> Iterator[Written]:
        """Sentences a language model writes from an answer's quotations, each checked, as they come.

        Raises `ModelError` when none is set up or its server fails; what was yielded before stands, and so does the answer.
        """
        set_up = generate.Model(
            self.settings.llm_url, self.settings.llm_model, self.settings.llm_key.get_secret_value(), self.settings.llm_seconds
        )
        titles = {d.id: d.title for d in self.documents()}
        return generate.write(set_up, answer, titles, self.encoder.encode, stop)

    # --- comparing ---

    def themes(self) -> list[Theme]:
        """The rows of the matrix: the data folder's themes.toml, else the collection's."""
        return theme_files.read(self.settings.data / "themes.toml", self.settings.collection / "themes.toml")

    def systems(self, names: Sequence[str] = ()) -> list[str]:
        """Systems by name or alias, in the order asked for; no names: all. Raises `NotFoundError`."""
        if not names:
            return systems_of(self.documents())
        named = [self.document(id) for name in names for id in self.scope([name]) or ()]
        return systems_of(named)

    def compare_cells(
        self, systems: Sequence[str] = (), themes: Sequence[str] = (), questions: Sequence[str] = ()
    ) -> Iterator[Cell]:
        """One cell for each system and row, row by row, as they are made. `themes` are ids or labels.

        Without themes and questions: all themes. Raises `NotFoundError` or `UsageError` for an unknown name.
        """
        chosen = theme_files.choose(self.themes(), themes) if themes or not questions else []
        columns = self.systems(systems)
        if not columns:
            raise NotFoundError("No document says which system it is about. Set one with: python -m casebook documents set")
        return comparing.cells(Comparing(self.asking(), self.settings.data), columns, chosen, list(dict.fromkeys(questions)))

    def compare(
        self,
        systems: Sequence[str] = (),
        themes: Sequence[str] = (),
        questions: Sequence[str] = (),
        progress: Callable[[int, int], None] | None = None,
    ) -> Comparison:
        """Systems by themes, or by questions of one's own. `progress(done, total)` is told after each cell."""
        columns = self.systems(systems)
        chosen = theme_files.choose(self.themes(), themes) if themes or not questions else []
        rows = (*(theme.id for theme in chosen), *dict.fromkeys(questions))
        cells: list[Cell] = []
        for cell in self.compare_cells(columns, [theme.id for theme in chosen], questions):
            cells.append(cell)
            if progress:
                progress(len(cells), len(columns) * len(rows))
        labels = (*(theme.label for theme in chosen), *dict.fromkeys(questions))
        return Comparison(tuple(columns), rows, tuple(cells), labels, self.snapshot.manifest.id)

    # --- taking away ---

    def export(self, things: Iterable[export.Exportable], format: str, title: str = "") -> bytes:
        """Answers, comparisons, cells, statements or citations as a file: one of `export.FORMATS`.

        Raises `QuotationError` when a quotation does not stand on its page any more, `UsageError` for an unknown format.
        """
        snapshot = self.snapshot
        return export.write(things, format, snapshot.documents, snapshot.page, title)

    def cite(self, citation: Citation) -> str:
        """The quotation with its APA-like line, to be pasted; raises `QuotationError` when it does not stand."""
        export.check(export.items([citation]), self.snapshot.documents, self.snapshot.page)
        return export.formats.quotation(citation, self.document(citation.document))

    def answer_settings(self, point: str | None = None) -> AnswerSettings:
        """How answers are chosen and when they abstain; raises `UsageError` for an operating point there is not."""
        if point is not None and point not in abstain.POINTS:
            raise UsageError(f"{point!r} is no operating point. There are: {', '.join(abstain.POINTS)}.")
        chosen = SelectSettings(self.settings.statements)
        return AnswerSettings(chosen, point or self.settings.caution, None if point else self.settings.threshold)

    def asking(self, point: str | None = None) -> Asking:
        """Everything a question is answered with, at an operating point other than the settings' where one is named."""
        answers = self.answer_settings(point)
        return Asking(self.snapshot, self.encoder, self.search_settings, answers, self.relevance, self.verdict)

    @functools.cached_property
    def verdict(self) -> Relevance | None:
        """The judge as (question, texts) -> logits; None where it is not installed or switched off, or without the selector."""
        return asking.judge() if self.settings.judge and self.relevance else None

    @functools.cached_property
    def relevance(self) -> Relevance | None:
        """The trained answer selector as (question, texts) -> logits; None where it is not installed or switched off."""
        return asking.selector() if self.settings.selector else None

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
