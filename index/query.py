"""What a question names and how it is spelled, judged by the collection itself.

    "CMMS, Cincinatti"  ->  corrections {"cmms": "CMS", "cincinatti": "Cincinnati"}, documents {cincinnati, …}

A word is taken for misspelled when no passage has it, the encoder knows no such word, and the collection has a word (or a
document an alias) that is one slip away (two from eight letters on) and starts with the same letter. Distances are
optimal string alignment (Damerau-Levenshtein with adjacent transpositions), by rapidfuzz.
"""

from __future__ import annotations

import functools
import re
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import snowballstemmer
from rapidfuzz import process
from rapidfuzz.distance import OSA

from casebook.records import Document
from index import lexical

SHORTEST = 5
"""Letters a word needs before its spelling is doubted; aliases in capitals are looked at from three."""

_WORD = re.compile(r"[^\W\d_]+")
_ASKS = re.compile(
    r"\?\s*$|\b(?:what|which|who|whom|whose|when|where|why|how)\b|"
    r"^(?:did|does|do|is|was|were|are|has|have|had|can|could|will|would|should|name|list|compare|explain|describe|define)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Understood:
    """`text` is the question with its spelling mended, `corrections` maps (casefolded) words to what they became,
    `documents` are the ids of those it names, by system or alias."""

    text: str
    corrections: dict[str, str] = field(default_factory=dict)
    documents: frozenset[str] = frozenset()


class Vocabulary:
    """The words of a snapshot: what it has, stemmed, with the number of passages; and the names of its documents."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], documents: Sequence[Document]) -> None:
        self._connect = connect  # each thread has a connection of its own
        connection = connect()
        connection.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab(main, passages_fts, col)")
        rows = connection.execute("SELECT term, max(doc) FROM temp.vocabulary WHERE col IN ('context', 'text') GROUP BY term")
        self.counts: dict[str, int] = {term: count for term, count in rows if not term[:1].isdigit()}
        by_letter: dict[str, list[str]] = {}
        for term in self.counts:
            if len(term) >= SHORTEST - 1:
                by_letter.setdefault(term[:1], []).append(term)
        self._by_letter = by_letter
        self.names = _names(documents)  # name -> ids
        self._short = [name for name in self.names if name.isupper() and 3 <= len(name) <= 6]

    def has(self, word: str) -> bool:
        return word in self.counts or stem(word) in self.counts

    def mend(self, word: str) -> str | None:
        """What a misspelled word was meant to be, or None."""
        if word.isupper() and 3 <= len(word) <= 6:
            near = process.extractOne(word, self._short, scorer=OSA.distance, score_cutoff=1)
            if near:
                return str(near[0])
        folded = word.casefold()
        if len(folded) < SHORTEST:
            return None
        root = stem(folded)
        slips = 1 if len(folded) < 8 else 2
        found = process.extract(root, self._by_letter.get(root[:1], []), scorer=OSA.distance, score_cutoff=slips, limit=10)
        # stems may be near where words are not: "tutorial" is no misspelled "tutors"
        forms = [
            (OSA.distance(folded, form), -count, form)
            for near, _, _ in found
            for form, count in self._written(str(near)).items()
        ]
        distance, _, meant = min(forms, default=(slips + 1, 0, ""))
        return meant if distance <= slips else None

    def _written(self, root: str) -> dict[str, int]:
        """The forms in which the collection writes a stem, with how often, in the first passages that have it."""
        rows = "SELECT DISTINCT doc FROM temp.instances WHERE term = ? AND col IN ('context', 'text') ORDER BY doc LIMIT 20"
        sql = f"SELECT context || ' ' || text FROM passages_fts WHERE rowid IN ({rows})"
        connection = self._connect()
        connection.execute("CREATE VIRTUAL TABLE IF NOT EXISTS temp.instances USING fts5vocab(main, passages_fts, instance)")
        forms: dict[str, int] = {}
        for (text,) in connection.execute(sql, (root,)):
            for word in map(str.casefold, _WORD.findall(text)):
                if stem(word) == root:
                    forms[word] = forms.get(word, 0) + 1
        return forms


def understand(question: str, vocabulary: Vocabulary, known: Callable[[str], bool]) -> Understood:
    """Reads a question. `known(word)` says that a word is an ordinary one, whatever the collection holds."""
    corrections: dict[str, str] = {}
    for word in dict.fromkeys(_WORD.findall(question)):
        folded = word.casefold()
        if folded in lexical.STOPWORDS or vocabulary.has(folded) or known(folded):
            continue
        meant = vocabulary.mend(word)
        if meant and meant.casefold() != folded:
            corrections[folded] = meant.capitalize() if word[0].isupper() and meant.islower() else meant
    text = _WORD.sub(lambda m: corrections.get(m.group().casefold(), m.group()), question) if corrections else question
    named = frozenset(id for name, ids in vocabulary.names.items() if mentions(text, name) for id in ids)
    return Understood(text, corrections, named)


def asks(text: str) -> bool:
    """Whether words have the form of a question or a request: "who paid for it" does; "longer days raise scores" does not."""
    return _ASKS.search(text) is not None


def mentions(text: str, name: str) -> bool:
    """Whether a name stands in a text as words of its own; a short name in capitals must be in capitals or alone in case."""
    if name.isupper() and len(name) <= 3 and not text.islower():
        return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE) is not None


def _names(documents: Sequence[Document]) -> dict[str, frozenset[str]]:
    """System or alias -> ids of the documents it stands for. Documents without a system are about all of them."""
    found: dict[str, set[str]] = {}
    for document in documents:
        for name in (document.system, *document.aliases) if document.system else ():
            found.setdefault(name, set()).add(document.id)
    return {name: frozenset(ids) for name, ids in found.items() if name}


@functools.lru_cache(maxsize=50_000)
def stem(word: str) -> str:
    return str(_stemmer().stemWord(word))


@functools.cache
def _stemmer():  # type: ignore[no-untyped-def]
    return snowballstemmer.stemmer("porter")
