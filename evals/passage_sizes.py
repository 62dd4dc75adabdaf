"""Compares sizes of passages on the collection's dev questions, each with and without a sentence of overlap.

    python -m evals.passage_sizes --out evals/results/passages.json [--sizes 75 110 150 200] [--cache FOLDER]

For every size the bundled collection is ingested into a folder of its own, as `casebook ingest` would with that setting. The
settings know no overlap: for it, a passage of the ingested collection is given the last sentence of the one before where
both stand in one section, and the collection is encoded anew. The fusion and the reranker are as they are.

Five large passages hold more text than five small ones, and there are fewer of them to go wrong with. So beside the ranking
this says how much of the evidence a reader has seen after the same number of tokens, whatever passages they come in, and how
many answers hold a gold quotation (without the selector, none refused, their weights as they were learned on what stands).
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from casebook.asking import Asking
from casebook.building import Builder
from casebook.library import Library
from casebook.records import Passage
from casebook.settings import Settings, load
from evals import answers, collection, report
from evals.bench import encoded_anew, interval
from evals.collection import CollectionResult
from evals.gold import Quote
from index import snapshot as snapshots
from index.encoder import Encoder, Progress
from index.snapshot import Contents, Snapshot
from ingest import catalog
from ingest.passages import CountTokens, PassageSettings, context

SPLIT = "dev"
SIZES = (75, 110, 150, 200)
TOKENS_READ = 750
"""Five passages of 150 tokens."""
RESERVE = 2
"""Tokens between context and text; `ingest.passages` keeps as many."""


class Remembering(Encoder):
    """The encoder, asked once for a text: whatever the size of passages, their sentences are the same."""

    def __init__(self) -> None:
        super().__init__()
        self._known: dict[str, np.ndarray] = {}

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known.update(zip(new, super().encode(new, progress), strict=True))
        return np.stack([self._known[text] for text in texts]) if texts else super().encode([])


def ingested(settings: Settings, encoder: Encoder) -> Snapshot:
    """The bundled collection in the settings' data folder; nothing is done where it stands there already."""
    Builder(settings, encoder).ingest(catalog.bundled(settings.collection))
    return snapshots.open_current(settings.data, encoder.name, encoder.weights_sha256)


def overlapped(contents: Contents, count_tokens: CountTokens, limit: int) -> list[Passage]:
    """A document's passages, each begun with the last sentence of the one before it in its section, where the limit allows."""
    pages = {page.number: page.text for page, _ in contents.pages}
    found = list(contents.passages[:1])
    for before, passage in zip(contents.passages, contents.passages[1:], strict=False):
        longer = _longer(before, passage, pages[passage.page])
        room = limit - count_tokens(context(contents.document.title, passage.heading)) - RESERVE
        found.append(longer if longer and count_tokens(longer.text) <= room else passage)
    return found


def _longer(before: Passage, passage: Passage, page: str) -> Passage | None:
    """The passage with the sentence before it; None where that belongs to another page or section."""
    together = before.page == passage.page and before.heading == passage.heading
    if not together or not before.sentences or page[before.end : passage.start].strip():
        return None
    start = before.sentences[-1][0]
    return replace(
        passage,
        id=f"{passage.document}:p{passage.page}:{start}-{passage.end}",
        start=start,
        text=page[start : passage.end],
        sentences=(before.sentences[-1], *passage.sentences),
    )


class Reader:
    """How much of a question's evidence stands in the first `TOKENS_READ` tokens of what the search found."""

    def __init__(self, snapshot: Snapshot, count_tokens: CountTokens) -> None:
        self._snapshot = snapshot
        self._passages = {passage.id: passage for passage in snapshot.all_passages()}
        self.tokens = {id: count_tokens(passage.text) for id, passage in self._passages.items()}

    def seen(self, result: CollectionResult) -> np.ndarray:
        """(questions,) share of the evidence: the mean over the groups of quotations it needs, each by its best."""
        values = []
        for question in result.questions:
            read = list(self._read([id for id, _ in result.run[question.id]]))
            shares = [max(self._share(quote, read) for quote in group) for group in question.needed()]
            values.append(sum(shares) / len(shares))
        return np.array(values)

    def _read(self, ids: Sequence[str]) -> Iterator[Passage]:
        """Passages from the best on; the last one as far as the tokens go, so that no size is cut off more than another."""
        left = TOKENS_READ
        for id in ids:
            passage, tokens = self._passages[id], self.tokens[id]
            if tokens > left:
                yield replace(passage, end=passage.start + (passage.end - passage.start) * left // tokens)
                return
            yield passage
            left -= tokens

    def _share(self, quote: Quote, read: Sequence[Passage]) -> float:
        """The share of a quotation's characters that stand in one of the passages, wherever the quotation stands best."""
        best = 0.0
        for page in self._snapshot.pages(quote.document):
            start = page.text.find(quote.quote)
            if start >= 0:
                marks = np.zeros(len(quote.quote), bool)
                for passage in read:
                    if (passage.document, passage.page) == (quote.document, page.number):
                        marks[max(0, passage.start - start) : max(0, passage.end - start)] = True
                best = max(best, float(marks.mean()))
        return best


def measured(snapshot: Snapshot, encoder: Encoder, library: Library) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """(what is filed of one row, the values of every question that are compared)."""
    asking = Asking(snapshot, encoder, library.search_settings, library.answer_settings())
    answered = [row for row in answers.run(answers.collection(SPLIT), asking) if row.task.answerable]
    result = collection.evaluate(snapshot, encoder, SPLIT, library.search_settings, library.reranker)
    reader = Reader(snapshot, encoder.count_tokens)
    seen = reader.seen(result)
    tokens = np.array(list(reader.tokens.values()))
    row = {
        "passages": len(tokens),
        "tokens_p50": int(np.median(tokens)),
        "tokens_max": int(tokens.max()),
        "ndcg@10": result.means()["ndcg@10"],
        "recall@5": result.means()["recall@5"],
        "evidence_read": round(float(seen.mean()), 4),
        "answers_right": round(float(np.mean([row.right for row in answered])), 4),
        "first_statement_right": round(float(np.mean([row.first > 0 for row in answered])), 4),
        "evidence_not_found": len(result.missing),
    }
    return row, {"ndcg@10": result.values["ndcg@10"], "evidence_read": seen}


def compare(sizes: Sequence[int], folder: Path, library: Library) -> tuple[list[dict[str, Any]], int]:
    """(a row for each size and overlap, how many questions they were asked)."""
    encoder = Remembering()
    rows: list[dict[str, Any]] = []
    results: dict[tuple[int, int], dict[str, np.ndarray]] = {}
    for size in sizes:
        settings = load(data=folder / f"{size}", passage_tokens=size)
        limit = Builder(settings, encoder).passage_settings.limit
        plain = ingested(settings, encoder)
        cut = lambda part, limit=limit: overlapped(part, encoder.count_tokens, limit)  # noqa: E731
        overlapping = encoded_anew(plain, folder / f"{size}-overlap-{plain.manifest.id}", encoder, cut)
        for overlap, snapshot in enumerate((plain, overlapping)):
            row, results[size, overlap] = measured(snapshot, encoder, library)
            rows.append({"target": size, "limit": limit, "overlap_sentences": overlap, **row})
            print(json.dumps(rows[-1]), file=sys.stderr, flush=True)
    standing = results.get((PassageSettings().target, 0))
    if standing:
        for row in rows:
            for name, values in results[row["target"], row["overlap_sentences"]].items():
                row[f"{name} against what stands, 95 %"] = interval(values, standing[name])
    return rows, len(next(iter(results.values()))["ndcg@10"])


@contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept:
        yield kept / "passage-sizes"
        return
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m evals.passage_sizes", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=report.RESULTS / "passages.json")
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, help="where a passage closes, in tokens")
    parser.add_argument("--cache", type=Path, help="keep the ingested folders here (default: a temporary folder)")
    options = parser.parse_args()
    sizes, kept = " ".join(map(str, options.sizes)), " --cache CACHE" if options.cache else ""
    command = f"python -m evals.passage_sizes --sizes {sizes}{kept} --out evals/results/passages.json"
    library = Library()
    with _folder(options.cache) as folder:
        rows, questions = compare(options.sizes, folder, library)
    found = {"split": SPLIT, "questions": questions, "rerank": library.search_settings.rerank, "tokens_read": TOKENS_READ}
    found |= {"stands": PassageSettings().target, "rows": rows}
    report.write(options.out, found, command)
    return 0


if __name__ == "__main__":
    sys.exit(main())
