"""The word side: SQLite FTS5 with Porter stemming, ranked by BM25 (Robertson and Zaragoza 2009; k1 1.2, b .75 in FTS5).

A question is never FTS5 syntax: its words are taken out, quoted one by one and joined with OR, so quotes, `*`, `NEAR(`
and `-` are just characters.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence

import numpy as np

CONTEXT_WEIGHT = 0.4
"""Weight of a word in title or heading against one in the passage itself."""

ASKED_WEIGHT = 0.4
"""Weight of a word in the questions written for the passage."""

OWN = "{context text}"
"""FTS5 column filter: what stands on the page, without the questions written for it."""

MAX_TERMS = 64
"""Words of a question that are looked up; a pasted page has thousands and means no more with them."""

STOPWORDS = frozenset(
    "a about an and any are as at be been but by can could did do does for from had has have how i if in into is it its "
    "me my of on or our should so such than that the their them then there these they this those to us was we were what "
    "when where which while who whom whose why will with would you your please tell".split()
)
WORD = re.compile(r"[^\W_]+(?:[.,][0-9]+)*")

TABLE = "CREATE VIRTUAL TABLE passages_fts USING fts5(context, text, asked, tokenize='porter unicode61 remove_diacritics 2')"


def terms(question: str) -> list[str]:
    """Distinct words of a question in order, casefolded, function words left out unless nothing else is there."""
    words = list(dict.fromkeys(word.casefold() for word in WORD.findall(question.replace("\0", " "))))
    return ([word for word in words if word not in STOPWORDS] or words)[:MAX_TERMS]


def match_expression(words: Sequence[str]) -> str:
    """FTS5 expression: each word a quoted string, joined with OR."""
    return " OR ".join('"' + word.replace('"', '""') + '"' for word in words)


def near_expression(words: Sequence[str], distance: int = 2) -> str:
    """FTS5 expression: the words with at most `distance` others between them, in any order."""
    return "NEAR(" + " ".join('"' + word.replace('"', '""') + '"' for word in words) + f", {distance})"


def rows_with(connection: sqlite3.Connection, expression: str) -> np.ndarray:
    """0-based rows of the passages that match, title, heading and written questions included, ascending, int64."""
    found = connection.execute("SELECT rowid FROM passages_fts WHERE passages_fts MATCH ? ORDER BY rowid", (expression,))
    return np.fromiter((row[0] - 1 for row in found), np.int64)


def search(
    connection: sqlite3.Connection, question: str, k: int, documents: Sequence[str] | None = None
) -> list[tuple[int, float]]:
    """The k best passages by words: (row, BM25), best first, ties by row. Rows are 0-based, as in the vector index."""
    words = terms(question)
    if not words or (documents is not None and not documents):
        return []
    where = ""
    arguments: list[object] = [match_expression(words)]
    if documents is not None:
        where = f" AND p.document IN ({','.join('?' * len(documents))})"
        arguments += list(documents)
        source = "passages_fts JOIN passages p ON p.rowid = passages_fts.rowid"
    else:
        source = "passages_fts"
    rows = connection.execute(
        f"SELECT passages_fts.rowid, bm25(passages_fts, {CONTEXT_WEIGHT}, 1.0, {ASKED_WEIGHT}) AS score FROM {source} "
        f"WHERE passages_fts MATCH ?{where} ORDER BY score, passages_fts.rowid LIMIT ?",
        [*arguments, k],
    )
    return [(row - 1, -score) for row, score in rows]  # bm25() is negative in FTS5: lower is better there


def mentioned(connection: sqlite3.Connection, word: str, documents: Sequence[str] | None = None) -> bool:
    """Whether a page, its title or its headings has the word; written questions do not count. `documents` None: of all."""
    query = "SELECT 1 FROM passages_fts JOIN passages p ON p.rowid = passages_fts.rowid WHERE passages_fts MATCH ?"
    if documents is not None:
        query += f" AND p.document IN ({','.join('?' * len(documents))})"
    found = connection.execute(f"{query} LIMIT 1", [f"{OWN} : {match_expression([word])}", *(documents or ())])
    return found.fetchone() is not None


def frequencies(connection: sqlite3.Connection, words: Sequence[str]) -> dict[str, int]:
    """In how many passages each word occurs, after stemming; titles, headings and written questions are not counted."""
    query = "SELECT count(*) FROM passages_fts WHERE passages_fts MATCH ?"
    return {word: connection.execute(query, ("text: " + match_expression([word]),)).fetchone()[0] for word in words}
