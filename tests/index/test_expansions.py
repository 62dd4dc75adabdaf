"""Questions written for passages: a further way to find them, and nothing else."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from casebook.records import WHOLE, Expansion
from index import lexical
from index import snapshot as snapshots
from index.encoder import Encoder
from index.expansions import Expansions, nearness
from index.search import SearchSettings, search, understand
from index.snapshot import Snapshot

ASKED = {
    "denver": [
        Expansion(0, 0, "How long did heads get to prepare before taking over?"),
        Expansion(1, 0, "What was the yearly price tag of the DPS arrangement?"),
        Expansion(1, WHOLE, "Where did the munny for numeracy helpers go?"),
    ],
}
PLAIN = SearchSettings()


@pytest.fixture(scope="module")
def expanded(snapshot: Snapshot, encoder: Encoder, tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """The small snapshot, with questions written for one of its documents."""
    data = tmp_path_factory.mktemp("expanded")
    contents = [
        replace(
            snapshot.contents(id),
            expansions=ASKED.get(id, []),
            expansion_vectors=encoder.encode([e.question for e in ASKED[id]]) if id in ASKED else None,
        )
        for id in snapshot.documents
    ]
    titles = {d.id: d.title for d in snapshot.documents.values()}
    snapshots.publish(data, snapshots.write(data, "more", snapshots.made_by(encoder), titles, contents), "more")
    return snapshots.open_current(data, encoder.name, encoder.weights_sha256)


def test_a_question_in_the_editors_words_finds_what_the_page_says_in_others(
    snapshot: Snapshot, expanded: Snapshot, encoder: Encoder
) -> None:
    asked = "what was the price tag per year"
    before, hits = search(snapshot, encoder, asked), search(expanded, encoder, asked)
    assert (hits[0].passage.document, hits[0].passage.heading) == ("denver", "Cost")
    assert hits[0].score - hits[1].score > before[0].score - before[1].score + 0.2
    assert "an editor's question is near" in hits[0].why
    assert hits[0].passage.text == next(p.text for p in snapshot.all_passages() if p.id == hits[0].passage.id)


def test_without_its_weight_and_its_words_nothing_changes(
    snapshot: Snapshot, expanded: Snapshot, encoder: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    question = "principals of struggling schools"  # no word of it is in a written question
    none = replace(PLAIN, expanded=0.0, words_weight=0.0)
    assert [h.passage.id for h in search(expanded, encoder, question, settings=none)] == [
        h.passage.id for h in search(snapshot, encoder, question, settings=none)
    ]
    assert not len(snapshot.expansions.rows)
    assert len(snapshot.expansions.nearest(encoder.encode(["x"])[0], 5, None)[0]) == 0


def test_what_editors_wrote_is_not_what_the_pages_say(expanded: Snapshot, encoder: Encoder) -> None:
    connection = expanded.connection
    assert not lexical.mentioned(connection, "price")
    assert lexical.mentioned(connection, "tutors")
    assert not lexical.mentioned(connection, "tutors", ["charlotte"])
    assert lexical.frequencies(connection, ["price", "tutors"]) == {"price": 0, "tutors": 1}
    assert len(lexical.search(connection, "price", 5)) == 1
    assert not expanded.vocabulary.has("munny"), "a slip of an editor's is no word of the collection"
    assert understand(expanded, encoder, "Denver principels").text == "Denver principals"


def test_they_are_carried_over_with_their_document(expanded: Snapshot) -> None:
    held = expanded.contents("denver")
    assert list(held.expansions) == ASKED["denver"]
    assert held.expansion_vectors is not None
    assert held.expansion_vectors.shape == (3, expanded.manifest.dimension)
    other = expanded.contents("cincinnati")
    assert (list(other.expansions), len(other.expansion_vectors)) == ([], 0)  # type: ignore[arg-type]
    assert [expanded.question(n) for n in range(3)] == [e.question for e in ASKED["denver"]]


def test_the_table_belongs_to_the_rows_of_the_passages(expanded: Snapshot) -> None:
    connection = sqlite3.connect(f"file:{expanded.folder / 'casebook.sqlite'}?mode=ro", uri=True)
    for row, question in connection.execute("SELECT row, question FROM expansions"):
        passage = expanded.passages([row])[0]
        assert passage.document == "denver"
        assert ("price" in question or "munny" in question) == (passage.heading == "Cost")


units = arrays(np.float32, (6, 4), elements=st.floats(-1, 1, width=32)).filter(
    lambda a: bool((np.linalg.norm(a, axis=1) > 0.1).all())
)


@given(units, st.lists(st.integers(0, 3), min_size=5, max_size=5), st.integers(1, 5))
def test_nearest_is_that_of_a_plain_reference(vectors: np.ndarray, rows: list[int], count: int) -> None:
    vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    rows = sorted(rows)
    first = np.searchsorted(rows, np.arange(5))
    held = Expansions(vectors[:5], np.array(rows), np.zeros(5, np.int64), first)
    for allowed in (None, np.array([1, 2])):
        found, cosines = held.nearest(vectors[5], count, allowed)
        may = [i for i in range(5) if allowed is None or rows[i] in allowed]
        exact = {i: round(float(np.float32(vectors[i] @ vectors[5])), 5) for i in may}
        assert len(found) == min(count, len(may))
        assert set(found.tolist()) <= set(may)
        assert list(cosines) == sorted(cosines, reverse=True)
        left = [exact[i] for i in may if i not in found]
        assert not left or max(left) <= round(float(cosines[-1]), 5) + 1e-4
    for row in range(4):
        sentences, near = held.near(row, vectors[5])
        assert len(sentences) == len(near) == rows.count(row)


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_nearness_rises_with_the_cosine(one: float, other: float) -> None:
    low, high = nearness(np.sort([one, other]))
    assert 0 <= low <= high <= 1


def test_a_snapshot_without_the_file_is_damaged(expanded: Snapshot, encoder: Encoder, tmp_path: Path) -> None:
    import shutil

    from casebook.errors import SnapshotError

    shutil.copytree(expanded.folder.parent.parent, tmp_path / "data")
    (tmp_path / "data" / "snapshots" / "more" / "expansions.npy").unlink()
    with pytest.raises(SnapshotError, match=r"expansions\.npy is missing"):
        snapshots.open_current(tmp_path / "data", encoder.name, encoder.weights_sha256)
