"""What `Library.ask` gathers before it answers: passages from the right documents, word weights, and what stands around them.

A question that names systems is asked of their own documents first, and of passages elsewhere that name them; a "which
systems" question is asked of every system; any other question of the whole collection.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from answer import extract, kinds, parts
from answer.evidence import Candidate, Expanded, Relevance, Sources, ranked, weigh
from answer.extract import AnswerSettings, Evidence
from answer.kinds import Question
from answer.quotable import Place
from answer.select import with_lists
from casebook.records import Answer, Document, Hit, Passage
from index import lexical
from index.search import QueryEncoder, SearchSettings, clean_question, search
from index.search import understand as mend
from index.snapshot import Snapshot

Find = Callable[[int, Sequence[str] | None], list[Hit]]
"""(k, document ids or None for all) -> the k best passages for the question at hand, best first."""

POOL = 20
"""Passages an answer is chosen from."""
NEARBY, ALIKE = 3, 0.47
"""Questions shown where there is no answer, and the cosine they have at least."""
PER_SYSTEM = 6
"""Passages a system brings when every system is asked."""


@dataclass(frozen=True, slots=True)
class Asking:
    """Everything a question is answered with but the question; `relevance` is the trained selector, `verdict` the judge, None
    without it."""

    snapshot: Snapshot
    encoder: QueryEncoder
    search: SearchSettings
    answers: AnswerSettings
    relevance: Relevance | None = None
    verdict: Relevance | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question understood and its evidence weighed; `extract.answer` makes the answer of it."""

    question: Question
    evidence: Evidence
    found: list[Candidate]


def ask(asking: Asking, question: str, scope: Sequence[str] | None = None, systems: Sequence[str] = ()) -> Answer:
    """Answers from the documents in `scope` (None: all). `systems` are those a person chose, for a question that names none."""
    cleaned = clean_question(question)
    if not any(c.isalnum() for c in cleaned):
        return Answer(question, (), True, 0.0, "There is no word in the question. Ask in a sentence or a few words.")
    asked = prepare(asking, cleaned, scope, systems)
    found = extract.answer(asked.question, asked.found, asked.evidence, asking.snapshot.page, asking.answers)
    return replace(found, question=question, nearby=_nearby(asking, asked, scope) if found.abstained else ())


def _nearby(asking: Asking, asked: Asked, scope: Sequence[str] | None) -> tuple[str, ...]:
    """Questions written for the documents that come nearest, best first: of the systems asked about where it names any."""
    snapshot, systems = asking.snapshot, asked.question.systems
    documents = [d for d in snapshot.documents.values() if scope is None or d.id in scope]
    ids = [d.id for d in documents if not systems or d.system in systems]
    found, cosines = snapshot.expansions.nearest(asked.evidence.query, NEARBY, snapshot.document_rows(ids))
    return tuple(snapshot.question(number) for number, cosine in zip(found, cosines, strict=True) if cosine >= ALIKE)


def prepare(asking: Asking, cleaned: str, scope: Sequence[str] | None = None, systems: Sequence[str] = ()) -> Asked:
    """Everything up to the choice of statements; `cleaned` is the question as `clean_question` gives it."""
    snapshot = asking.snapshot
    called = names(list(snapshot.documents.values()))
    cleaned = mend(snapshot, asking.encoder, cleaned).text
    question = kinds.understand(cleaned, called)
    if systems and not question.systems:
        question = replace(question, systems=tuple(systems))
    evidence = _evidence(asking, question, cleaned, scope)
    beside = sources(snapshot, called)
    if len(clauses := parts.clauses(question, called)) > 1:
        return Asked(question, evidence, ranked([c for part in clauses for c in _part(asking, part, scope, beside)]))
    found = extract.weighed(question, evidence, beside, asking.relevance, asking.verdict)
    if len(each := parts.apart(question, called)) > 1:
        found = _best(found + [c for part in each for c in _part(asking, part, scope, beside)])
    return Asked(question, evidence, found)


def _best(found: Sequence[Candidate]) -> list[Candidate]:
    """Every quotation once, with the better of its scores, best first."""
    best: dict[Place, Candidate] = {}
    for candidate in ranked(found):
        best.setdefault(candidate.quotable.key, candidate)
    return list(best.values())


def _evidence(asking: Asking, question: Question, text: str, scope: Sequence[str] | None) -> Evidence:
    """Encodes `text` once and gathers what every search for the question finds."""
    query: np.ndarray = asking.encoder.encode([text])[0]

    def find(k: int, ids: Sequence[str] | None) -> list[Hit]:
        return search(asking.snapshot, asking.encoder, text, k, ids, asking.search, query)

    return gather(asking.snapshot, question, text, query, find, scope)


def _part(asking: Asking, part: Question, scope: Sequence[str] | None, beside: Sources) -> list[Candidate]:
    """Candidates for one part of a comparison, of the systems it names."""
    evidence = _evidence(asking, part, part.text, scope)
    found = extract.weighed(part, evidence, beside, asking.relevance, asking.verdict)
    return [c for c in found if c.system in part.systems]


def selector() -> Relevance | None:
    """The trained selector as (question, texts) -> logits; None where its files are not there."""
    from index import reranker

    if not (reranker.FOLDER / "config.json").is_file():
        return None
    model = reranker.CrossEncoder()

    return model.verdicts


def judge() -> Relevance | None:
    """The judge as (question, texts) -> logits; None where its files are not there."""
    from index import judge

    return judge.Judge().logits if (judge.FOLDER / "config.json").is_file() else None


def names(documents: Sequence[Document]) -> dict[str, tuple[str, ...]]:
    """System -> what it is called: its name and the aliases of its documents."""
    found: dict[str, list[str]] = {}
    for document in documents:
        if document.system:
            found.setdefault(document.system, [document.system]).extend(document.aliases)
    return {system: tuple(dict.fromkeys(calls)) for system, calls in found.items()}


def gather(
    snapshot: Snapshot, question: Question, cleaned: str, query: np.ndarray, find: Find, scope: Sequence[str] | None
) -> Evidence:
    """Evidence for a question. `scope` limits it to these documents (None: all)."""
    documents = [d for d in snapshot.documents.values() if scope is None or d.id in scope]
    checked = tuple(dict.fromkeys(d.system for d in documents if d.system))
    hits = _hits(question, documents, checked, find, scope)
    words = _without_names(lexical.terms(cleaned), question)
    frequency = lexical.frequencies(snapshot.connection, words)
    weights = weigh(words, frequency, snapshot.vectors.count)
    hits = _completed(hits, snapshot)
    return Evidence(hits, query, weights, _absent(snapshot, frequency, question, documents), checked)


def _without_names(words: list[str], question: Question) -> list[str]:
    """The words that are not a system's name: that a sentence of Denver's document says "Denver" tells nothing."""
    named = {word for name in question.systems for word in lexical.terms(name)}
    return [word for word in words if word not in named] or words


def _hits(
    question: Question, documents: Sequence[Document], checked: Sequence[str], find: Find, scope: Sequence[str] | None
) -> list[Hit]:
    ids = {system: [d.id for d in documents if d.system == system] for system in checked}
    if question.kind in ("which_systems", "synthesis"):
        return [*find(POOL, scope), *(hit for system in checked for hit in find(PER_SYSTEM, ids[system]))]
    own = [hit for system in question.systems if ids.get(system) for hit in find(_share(question), ids[system])]
    return [*own, *find(POOL, scope)]


def _share(question: Question) -> int:
    return max(PER_SYSTEM, POOL // len(question.systems))


def _completed(hits: Sequence[Hit], snapshot: Snapshot) -> list[Hit]:
    """Each passage once, with its best scores, and the passages that hold the rest of a list begun in one."""
    best: dict[str, Hit] = {}
    for hit in hits:
        if hit.passage.id not in best or hit.score > best[hit.passage.id].score:
            best[hit.passage.id] = hit
    around = neighbors(snapshot)
    whole = with_lists([hit.passage for hit in best.values()], around)
    return [best.get(p.id) or Hit(p, 0.0, 0.0, 0.0) for p in whole]


def _absent(
    snapshot: Snapshot, frequency: Mapping[str, int], question: Question, documents: Sequence[Document]
) -> tuple[str, ...]:
    """Words of the question that no passage has of the documents asked, in the question's own spelling.

    A common word one system's documents happen to lack ("lengthen", where they say "a longer day") tells nothing as long as
    the collection knows it; a name or a figure they lack does. `frequency` gives the question's words, each with how many
    passages' texts have it; only titles and headings are left to be searched for a word that none has.
    """
    asked = [d.id for d in documents if not question.systems or d.system in question.systems]
    whole = len(asked) == len(snapshot.documents)
    written = {word.casefold(): word for word in lexical.WORD.findall(question.text)}

    def unknown(word: str) -> bool:
        return not frequency[word] and not lexical.mentioned(snapshot.connection, word)

    def lacking(word: str) -> bool:
        return unknown(word) if whole else not lexical.mentioned(snapshot.connection, word, asked)

    spelled = [(word, written.get(word, word)) for word in frequency if len(word) > 2]
    return tuple(shown for word, shown in spelled if lacking(word) and (whole or not shown.islower() or unknown(word)))


def neighbors(snapshot: Snapshot) -> Callable[[Passage], tuple[Passage | None, Passage | None]]:
    """passage -> the passages before and after it in its document; asked for once a passage."""
    known: dict[str, tuple[Passage | None, Passage | None]] = {}

    def around(passage: Passage) -> tuple[Passage | None, Passage | None]:
        if passage.id not in known:
            row = snapshot.rows_of([passage.id])[0]
            beside = [r for r in (row - 1, row + 1) if 0 <= r < snapshot.vectors.count]
            found = {r: p for r, p in zip(beside, snapshot.passages(beside), strict=True) if p.document == passage.document}
            known[passage.id] = (found.get(row - 1), found.get(row + 1))
        return known[passage.id]

    return around


def written(snapshot: Snapshot) -> Expanded:
    """How near a query is to the questions written for a passage; looked up once a passage."""
    rows: dict[str, int] = {}

    def near(passage: Passage, query: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        if passage.id not in rows:
            rows[passage.id] = snapshot.rows_of([passage.id])[0]
        return snapshot.expansions.near(rows[passage.id], query)

    return near


def sources(snapshot: Snapshot, called: dict[str, tuple[str, ...]]) -> Sources:
    return Sources(
        vectors=lambda passage: snapshot.sentence_vectors(snapshot.rows_of([passage.id])[0]),
        around=neighbors(snapshot),
        systems={d.id: d.system for d in snapshot.documents.values()},
        titles={d.id: d.title for d in snapshot.documents.values()},
        names=called,
        expanded=written(snapshot),
    )
