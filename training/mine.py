"""Documents and questions become training groups (one positive, several hard negatives) and a development set.

    python -m training.mine --units FOLDER --encoder FOLDER --out FOLDER

Negatives of a sentence: its neighbours, sentences of the same document and of look-alike passages that share the
question's words. Negatives of a passage: what BM25 and MiniLM together rank highest without holding an answer, in the
same document and in the whole set. "Near misses" are questions with a name, figure or direction word exchanged: every
text is a negative then (the trick of the unanswerable questions of Rajpurkar et al. 2018, done by rule).

Held out for development: 5 % of the documents of every set, and one whole set (covidqa).
Written: groups.jsonl {dataset, level, question, texts, positive} (texts[0] is the answer when positive) and
dev.jsonl {dataset, question, gold_passages, paragraph, gold_sentences} with dev_passages.jsonl {dataset, title, text}.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np
from scipy.sparse import csr_matrix

from training.data import SEED, Document, Question, words

if TYPE_CHECKING:
    from sentence_transformers import SentenceTransformer

DEV_SET = "covidqa"
DEV_SHARE = 5  # percent of documents
NEGATIVES = 6
NEAR_MISSES = 0.15
LENGTHS = (45, 80, 110)  # words a passage may hold; drawn per document, so that scores learn to ignore length
STOP = frozenset(
    words("""a an the of in on at to for and or is are was were be been did do does what which who whom whose
    when where why how that this it by with from as""")
)
OPPOSITES = {
    "first": "last", "last": "first", "increase": "decrease", "decrease": "increase", "increased": "decreased",
    "decreased": "increased", "largest": "smallest", "smallest": "largest", "highest": "lowest", "lowest": "highest",
    "before": "after", "after": "before", "most": "least", "least": "most", "oldest": "youngest", "more": "fewer",
    "north": "south", "south": "north", "east": "west", "west": "east", "start": "end", "began": "ended",
    "born": "buried", "won": "lost", "allowed": "forbidden", "gained": "lost",
}  # fmt: skip


@dataclass(frozen=True)
class Passage:
    id: int
    document: str
    title: str
    paragraph: int
    first: int  # the sentences [first, last) of the paragraph
    last: int
    text: str


def cut(document: Document, size: int, start_id: int) -> list[Passage]:
    """A document's paragraphs as passages of about `size` words, along sentences."""
    made: list[Passage] = []
    for number, paragraph in enumerate(document.paragraphs):
        first, count = 0, 0
        for i, sentence in enumerate(paragraph):
            count += len(sentence.split())
            if count >= size or i == len(paragraph) - 1:
                text = " ".join(paragraph[first : i + 1])
                made.append(Passage(start_id + len(made), document.id, document.title, number, first, i + 1, text))
                first, count = i + 1, 0
    return made


class BM25:
    """Okapi BM25 (k1=1.2, b=0.75) over a sparse matrix; stems are words without a plural or verbal ending."""

    def __init__(self, texts: Sequence[str]) -> None:
        self.index: dict[str, int] = {}
        lengths, at, ids, counts = np.zeros(len(texts)), [0], [], []
        for n, text in enumerate(texts):
            for term, count in Counter(self.terms(text)).items():
                ids.append(self.index.setdefault(term, len(self.index)))
                counts.append(count)
                lengths[n] += count
            at.append(len(ids))
        tf = np.array(counts, dtype=np.float32)
        norm = np.repeat(1.2 * (0.25 + 0.75 * lengths / max(lengths.mean(), 1)), np.diff(at))
        df = np.bincount(ids, minlength=len(self.index))
        self.idf = np.log(1 + (len(texts) - df + 0.5) / (df + 0.5))
        values = self.idf[ids] * tf * 2.2 / (tf + norm)
        self.matrix = csr_matrix((values, ids, at), shape=(len(texts), len(self.index))).T.tocsr()

    @staticmethod
    def terms(text: str) -> list[str]:
        return [re.sub(r"(ies|es|s|ing|ed)$", "", w) if len(w) > 4 else w for w in words(text) if w not in STOP]

    def scores(self, question: str) -> np.ndarray:
        known = [self.index[t] for t in set(self.terms(question)) if t in self.index]
        return np.asarray(self.matrix[known].sum(axis=0)).ravel() if known else np.zeros(self.matrix.shape[1])


def fuse(lexical: np.ndarray, dense: np.ndarray) -> np.ndarray:
    """Equal-weight convex combination of BM25/max and min-max normalised cosines: the baseline to beat."""
    spread = dense - dense.min()
    return 0.5 * lexical / max(lexical.max(), 1e-9) + 0.5 * spread / max(spread.max(), 1e-9)


def overlap(question: str, texts: Sequence[str]) -> list[int]:
    """Indices of `texts`, the one sharing most of the question's words first."""
    wanted = set(BM25.terms(question))
    shared = [len(wanted & set(BM25.terms(t))) / (8 + len(t.split())) ** 0.5 for t in texts]
    return sorted(range(len(texts)), key=lambda i: -shared[i])


def near_miss(question: str, paragraph: str, chance: random.Random) -> str | None:
    """The question with one name, figure or direction word exchanged, or None where nothing can be.
    'Who led Boston in 2009?' -> 'Who led Boston in 2014?' (2014 being in the paragraph)"""
    names = re.compile(r"\b[A-Z][\w-]+(?: [A-Z][\w-]+)*")
    years = re.compile(r"\b\d[\d,.]*\d\b")
    changes = []
    head = question.split(" ", 1)[0]
    for pattern in (names, years):
        here = [m for m in pattern.findall(question) if m != head and not head.startswith(m)]
        there = [
            m
            for m in pattern.findall(paragraph)
            if m not in question and m.lower() not in STOP and len(m) > 1 and m.split()[0].lower() not in STOP
        ]
        if here and there:
            old = chance.choice(here)
            changes.append(question.replace(old, chance.choice(there)))
    for word in question.lower().rstrip("?").split():
        if word in OPPOSITES and f" {word} " in question:
            changes.append(question.replace(f" {word} ", f" {OPPOSITES[word]} "))
    return chance.choice(changes) if changes else None


class Set:
    """One question set with its passages and their word index."""

    def __init__(self, documents: dict[str, Document], passages: list[Passage]) -> None:
        self.documents, self.passages = documents, passages
        self.words = BM25([f"{p.title} {p.text}" for p in passages])
        self.of: dict[str, list[int]] = defaultdict(list)
        for passage in passages:
            self.of[passage.document].append(passage.id)

    def gold(self, question: Question) -> set[int]:
        found = set()
        for d, p, s in question.answers:
            inside = ((n, self.passages[n]) for n in self.of[d] if self.passages[n].paragraph == p)
            found |= {n for n, passage in inside if s < 0 or passage.first <= s < passage.last}
        return found


def holds(span: str, text: str) -> bool:
    return len(span) > 2 and span.lower().strip(" .") in text.lower()


def sentence_group(question: Question, data: Set, ranked: list[int], chance: random.Random) -> list[str] | None:
    own = [(d, p, s) for d, p, s in question.answers if s >= 0]
    if not own:
        return None
    d, p, s = own[0] if question.dataset == "pubmedqa" else chance.choice(own)
    paragraph = data.documents[d].paragraphs[p]
    marked = {(b, c) for a, b, c in question.answers if a == d}

    def fine(text: str) -> bool:
        return len(text.split()) >= 4 and not holds(question.span, text)

    near = [t for i, t in enumerate(paragraph) if (p, i) not in marked and fine(t) and abs(i - s) <= 4]
    chance.shuffle(near)
    same = [
        t
        for n, sents in enumerate(data.documents[d].paragraphs)
        if n != p
        for i, t in enumerate(sents)
        if (n, i) not in marked and fine(t)
    ]
    gold = data.gold(question)
    strange = [data.passages[n] for n in ranked[:8] if n not in gold and data.passages[n].document != d]
    far = [t for q in strange for t in data.documents[q.document].paragraphs[q.paragraph][q.first : q.last] if fine(t)]
    same = [same[i] for i in overlap(question.text, same)[:6]]
    far = [far[i] for i in overlap(question.text, far)[:6]]
    chance.shuffle(same)
    texts = near[:3] + same[:2]
    texts += [t for t in far if t not in texts][: NEGATIVES - len(texts)]
    return [paragraph[s], *dict.fromkeys(t for t in texts if t != paragraph[s])] if len(texts) >= 3 else None


def passage_group(question: Question, data: Set, ranked: list[int], chance: random.Random, titled: bool) -> list[str] | None:
    gold = data.gold(question)
    if not gold:
        return None

    def show(n: int) -> str:
        passage = data.passages[n]
        return f"{passage.title}. {passage.text}" if titled and passage.title else passage.text

    best = min(gold) if question.dataset in ("medquad", "clapnq") else chance.choice(sorted(gold))
    homes = {data.passages[n].document for n in gold}
    others = [n for n in ranked if n not in gold and not holds(question.span, data.passages[n].text)]
    inside = [n for n in others if data.passages[n].document in homes][:5]
    outside = [n for n in others if data.passages[n].document not in homes][1:9]
    chance.shuffle(inside)
    chance.shuffle(outside)
    chosen = (inside[:3] + outside)[: NEGATIVES - 1]
    return [show(best), *dict.fromkeys(show(n) for n in chosen)] if len(chosen) >= 3 else None


def is_dev(document: str) -> bool:
    return document.startswith(DEV_SET) or zlib.crc32(document.encode()) % 100 < DEV_SHARE


@cache
def bi_encoder(folder: Path) -> SentenceTransformer:
    from sentence_transformers import SentenceTransformer

    return SentenceTransformer(str(folder), device="cpu", local_files_only=True)


def encode(texts: Sequence[str], folder: Path, tokens: int) -> np.ndarray:
    import torch

    model = bi_encoder(folder)
    model.max_seq_length = tokens
    with torch.autocast("cpu", torch.bfloat16):
        return model.encode(list(texts), batch_size=64, normalize_embeddings=True, convert_to_tensor=True).float().numpy()


def read(path: Path, kind: type) -> list:
    return [kind(**json.loads(line)) for line in path.read_text().splitlines()]


def write(file: TextIO, record: Mapping[str, object]) -> None:
    file.write(json.dumps(record) + "\n")


def write_dev(questions: list[Question], data: Set, folder: Path) -> None:
    with (folder / "dev_passages.jsonl").open("a") as file:
        for passage in data.passages:
            record = {"dataset": questions[0].dataset, "title": passage.title, "text": passage.text}
            write(file, record)
    with (folder / "dev.jsonl").open("a") as file:
        for q in questions:
            d, p, _ = q.answers[0]
            right = sorted({s for a, b, s in q.answers if (a, b) == (d, p) and s >= 0})
            asked = {"dataset": q.dataset, "question": q.text, "gold_passages": sorted(data.gold(q))}
            write(file, asked | {"paragraph": data.documents[d].paragraphs[p], "gold_sentences": right})


def write_groups(questions: list[Question], data: Set, cosines: np.ndarray, folder: Path, chance: random.Random) -> None:
    made: Counter[str] = Counter()
    with (folder / "groups.jsonl").open("a") as file:
        for q, dense in zip(questions, cosines, strict=True):
            ranked = list(np.argsort(-fuse(data.words.scores(q.text), dense))[:60])
            home = [n for a in q.answers for n in data.of[a[0]] if n not in ranked]
            ranked += sorted(home, key=lambda n: -dense[n])[:6]
            d, p, _ = q.answers[0]
            paragraph = " ".join(data.documents[d].paragraphs[p])
            twist = near_miss(q.text, paragraph, chance) if chance.random() < NEAR_MISSES else None
            levels = {"sentence": sentence_group(q, data, ranked, chance)}
            levels["passage"] = passage_group(q, data, ranked, chance, chance.random() < 0.5)
            for level, texts in levels.items():
                if not texts:
                    continue
                record = {"dataset": q.dataset, "level": level, "question": q.text, "texts": texts, "positive": True}
                write(file, record)
                made[level] += 1
                if twist:
                    write(file, record | {"question": twist, "texts": texts[:3], "positive": False})
                    made["near miss"] += 1
    print(questions[0].dataset, dict(made), f"{len(data.passages)} passages", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=Path, required=True)
    parser.add_argument("--encoder", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--tokens", type=int, default=64, help="tokens of a passage that its mining vector sees")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in ("groups", "dev", "dev_passages"):
        (options.out / f"{name}.jsonl").unlink(missing_ok=True)
    chance = random.Random(SEED)
    documents = {d.id: d for d in read(options.units / "documents.jsonl", Document)}
    asked: dict[str, list[Question]] = defaultdict(list)
    for question in read(options.units / "questions.jsonl", Question):
        asked[question.dataset].append(question)
    for name, questions in asked.items():
        for held in (False, True):
            own = {k: d for k, d in documents.items() if d.dataset == name and is_dev(k) == held}
            own = dict(sorted(own.items())[:40]) if held and name == DEV_SET else own
            passages: list[Passage] = []
            for document in own.values():
                size = 110 if held else LENGTHS[zlib.crc32(document.id.encode()[::-1]) % 3]
                passages += cut(document, size, len(passages))
            kept = [q for q in questions if all(a[0] in own for a in q.answers)]
            if not kept:
                continue
            if held:
                kept = chance.sample(kept, min(len(kept), 150 if name == DEV_SET else 60))
                write_dev(kept, Set(own, passages), options.out)
                continue
            vectors = encode([f"{p.title}. {p.text}" for p in passages], options.encoder, options.tokens)
            cosines = encode([q.text for q in kept], options.encoder, options.tokens) @ vectors.T
            write_groups(kept, Set(own, passages), cosines, options.out, chance)


if __name__ == "__main__":
    main()
