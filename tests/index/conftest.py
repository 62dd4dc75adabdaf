"""A small real snapshot: three systems and a list of references, encoded by the bundled encoder."""

from __future__ import annotations

from array import array
from pathlib import Path

import pytest

from casebook.records import Document, Page, Passage
from index import snapshot as snapshots
from index.encoder import Encoder
from index.snapshot import Contents, Snapshot

DOCUMENTS = (
    Document(
        "charlotte",
        "Charlotte-Mecklenburg: strategic staffing",
        "Charlotte-Mecklenburg",
        "district",
        "a",
        1,
        aliases=("CMS", "Charlotte"),
    ),
    Document("denver", "Denver: two networks of schools", "Denver", "district", "b", 1, aliases=("DPS",)),
    Document("cincinnati", "Cincinnati: the Elementary Initiative", "Cincinnati", "district", "c", 1, aliases=("CPS",)),
)
TEXTS = {
    "charlotte": [
        (
            "Staffing",
            "The district asked its best principals to move to struggling schools and to bring a team along. "
            "Each principal received a bonus of 10 percent.",
        ),
        ("Results", "Proficiency rose by 12 points within three years in the first seven schools."),
        ("Results", "Proficiency  rose by 12 points within three years in the first seven schools!"),
    ],
    "denver": [
        ("Staffing", "Principals were hired a year early and spent it planning. Teachers had to apply for their jobs again."),
        ("Cost", "The network cost $4.2 million a year, most of it for tutors in mathematics."),
    ],
    "cincinnati": [
        ("Approach", "Fifteen schools of the initiative held a fifth quarter of lessons in June."),
        (
            "Sources",
            "Smith, J. (2011). Fifth quarter in fifteen schools of the initiative. Lessons in June: a review of schools.",
        ),
    ],
}


@pytest.fixture(scope="session")
def encoder() -> Encoder:
    return Encoder()


@pytest.fixture(scope="session")
def snapshot(tmp_path_factory: pytest.TempPathFactory, encoder: Encoder) -> Snapshot:
    data = tmp_path_factory.mktemp("data")
    titles = {d.id: d.title for d in DOCUMENTS}
    contents = [_contents(d, encoder) for d in DOCUMENTS]
    snapshots.publish(data, snapshots.write(data, "small", snapshots.made_by(encoder), titles, contents), "small")
    return snapshots.open_current(data, encoder.name, encoder.weights_sha256)


def _contents(document: Document, encoder: Encoder) -> Contents:
    text, passages, sentences = "", [], []
    for heading, words in TEXTS[document.id]:
        start, end = len(text), len(text) + len(words)
        cut = words.find(". ") + 1 or len(words)
        spans = tuple((start + a, start + b) for a, b in ((0, cut), (cut + 1, len(words))) if b > a)
        passages.append(Passage(f"{document.id}:{start}", document.id, 1, start, end, heading, words, spans))
        sentences += [words[a - start : b - start] for a, b in spans]
        text += words + "\n"
    return Contents(
        document,
        [(Page(document.id, 1, "1", text), array("i"))],
        passages,
        encoder.encode([f"{document.title}. {p.heading}. {p.text}" for p in passages]),
        encoder.encode(sentences),
    )


@pytest.fixture
def beir_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "toy"
    (folder / "qrels").mkdir(parents=True)
    rows = [
        ("d1", "Tea", "Green tea is made from leaves that were not withered."),
        ("d2", "Rain", "Clouds drop water as rain. It falls."),
        ("d3", "", "A bicycle has two wheels and a chain."),
    ]
    (folder / "corpus.jsonl").write_text(
        "".join(f'{{"_id": "{i}", "title": "{t}", "text": "{x}"}}\n' for i, t, x in rows), encoding="utf-8"
    )
    (folder / "queries.jsonl").write_text(
        '{"_id": "q1", "text": "how is green tea made"}\n{"_id": "q2", "text": "two wheels"}\n'
        '{"_id": "q3", "text": "not judged"}\n',
        encoding="utf-8",
    )
    (folder / "qrels" / "test.tsv").write_text(
        "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td3\t1\nq2\td1\t0\n", encoding="utf-8"
    )
    return folder
