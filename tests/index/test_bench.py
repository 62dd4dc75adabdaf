"""The bench: BEIR folders become snapshots, ir-measures' figures are right, runs and intervals too."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from casebook.errors import UsageError
from evals import bench, report
from evals.beir import read, snapshot_from_beir
from index.encoder import Encoder
from index.search import SearchSettings

pytest.importorskip("ir_measures")


def test_a_row_is_a_passage(beir_folder: Path, tmp_path: Path, encoder: Encoder) -> None:
    snapshot = snapshot_from_beir(beir_folder, tmp_path / "cache", encoder)
    passages = list(snapshot.all_passages())
    assert [(p.id, p.heading) for p in passages] == [("d1", "Tea"), ("d2", "Rain"), ("d3", "")]
    for passage in passages:
        assert snapshot.page("toy", passage.page).text[passage.start : passage.end] == passage.text
        assert [passage.text[a:b] for a, b in passage.sentences]
    assert len(passages[1].sentences) == 2
    made = sorted(p.name for p in (tmp_path / "cache").iterdir())
    again = snapshot_from_beir(beir_folder, tmp_path / "cache", encoder)
    assert again.manifest.id == snapshot.manifest.id
    assert sorted(p.name for p in (tmp_path / "cache").iterdir()) == made


def test_only_judged_questions_count(beir_folder: Path, tmp_path: Path, encoder: Encoder) -> None:
    beir = read(beir_folder)
    assert [id for id, _ in beir.queries] == ["q1", "q2"]
    assert beir.qrels == {"q1": {"d1": 1}, "q2": {"d3": 1}}
    results = bench.compare([beir], bench.variants(SearchSettings(), None), encoder, tmp_path)
    assert results["toy"]["search"].means()["ndcg@10"] == 1
    assert set(results["toy"]) >= {"search", "words (BM25)", "meaning (MiniLM)", "equal weights", "reciprocal rank"}
    bench.write_trec(results["toy"]["search"].run, tmp_path / "run.txt", "casebook")
    first = (tmp_path / "run.txt").read_text().splitlines()[0].split()
    assert first[:4] == ["q1", "Q0", "d1", "1"]
    assert first[5] == "casebook"


def test_measures_by_hand() -> None:
    qrels = {"a": {"x": 1, "y": 1}, "b": {"z": 1}}
    run = {"a": [("x", 0.5), ("n", 0.5), ("y", 0.4)], "b": [("n", 1.0)]}
    values = bench.measure(qrels, run, ["a", "b"])
    gained, ideal = 1 + 1 / np.log2(4), 1 + 1 / np.log2(3)
    assert values["ndcg@10"] == pytest.approx([gained / ideal, 0])
    assert values["recall@10"].tolist() == [1, 0]
    assert values["mrr@10"].tolist() == [1, 0]


def test_interval_covers_the_difference_and_sees_none_where_there_is_none() -> None:
    rng = np.random.default_rng(1)
    ours, theirs = rng.random(300) + 0.1, rng.random(300)
    difference, low, high = bench.interval(ours, theirs)
    assert low < 0.1 < high
    assert difference == pytest.approx(float((ours - theirs).mean()), abs=1e-4)
    assert bench.interval(ours, ours) == (0, 0, 0)
    assert bench.interval(ours, theirs) == bench.interval(ours, theirs)


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv"])
def test_a_folder_that_is_none(beir_folder: Path, name: str) -> None:
    (beir_folder / name).unlink()
    with pytest.raises(UsageError, match="is no BEIR folder"):
        read(beir_folder)


def test_the_page_is_what_the_results_say() -> None:
    """docs/evaluation.md is rendered, not written."""
    if not report.PAGE.is_file():
        pytest.skip("not rendered yet")
    assert report.PAGE.read_text(encoding="utf-8") == report.render()
