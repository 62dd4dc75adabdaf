"""The row for torch: when it is left out, and what is said of it beside the product's own."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("ir_measures")

from casebook.errors import EncoderError
from evals import bench, report
from evals.bench import Result
from index.encoder import Backend


def test_without_torch_there_is_a_sentence_and_no_row(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    ours = SimpleNamespace(name=bench.DEFAULT, backend="OnnxBackend")
    with monkeypatch.context() as patched:
        patched.setattr(bench, "find_spec", lambda name: None)
        assert bench.torch_encoder(ours, told.append) is None  # type: ignore[arg-type]
    in_torch = SimpleNamespace(name=bench.DEFAULT, backend="TorchBackend")
    monkeypatch.setattr(bench, "find_spec", lambda name: name)
    assert bench.torch_encoder(in_torch, told.append) is None  # type: ignore[arg-type]

    def missing() -> Backend:
        raise EncoderError("The weights are not there.")

    with monkeypatch.context() as patched:
        patched.setattr(bench, "in_torch", missing)
        assert bench.torch_encoder(ours, told.append) is None  # type: ignore[arg-type]
    assert [line.removeprefix("No row for torch: ") for line in told] == [
        "torch and sentence-transformers are not installed.",
        "the encoder in use runs in torch already.",
        "The weights are not there.",
    ]
    found = bench.torch_encoder(ours, told.append)  # type: ignore[arg-type]
    assert found is not None and found.backend == "TorchBackend" and found.name == bench.DEFAULT


def test_overlap_is_of_the_first_rows() -> None:
    one, other = [("a", 2.0), ("b", 1.0)], [("a", 2.0), ("c", 1.0)]
    assert bench.overlap({"q": one}, {"q": one}) == 1
    assert bench.overlap({"q": one, "r": one}, {"q": other, "r": one}) == 0.75
    assert bench.overlap({"q": one}, {"q": other}, depth=1) == 1
    assert bench.overlap({"q": one}, {"q": []}) == 0


def test_the_report_says_how_near_torch_is(tmp_path: Path) -> None:
    ours = Result({"ndcg@10": np.array([0.5, 0.5])}, np.zeros(2), {"q": [("a", 1.0)], "r": [("b", 1.0)]})
    theirs = Result({"ndcg@10": np.array([0.5, 0.7])}, np.zeros(2), {"q": [("a", 1.0)], "r": [("c", 1.0)]})
    record = bench.record("beir", {"toy": {"search": ours, bench.TORCH: theirs}}, {"toy": (3, 2)}, lambda line: None)
    row = record["sets"]["toy"]["variants"][bench.TORCH]
    assert row["overlap@10 with search"] == 0.5
    assert row["ndcg@10 against search, 95 %"][0] == pytest.approx(0.1)
    report.write(tmp_path / "search-toy.json", record, "python -m casebook evaluate")
    shown = report.render(tmp_path)
    assert "| search, encoder in torch | 0.600 |" in shown
    assert "agree with those of the 8-bit ones to 0.500 (mean overlap)" in shown


def test_an_older_result_is_rendered_as_before(tmp_path: Path) -> None:
    for file in report.RESULTS.glob("search-*602343376c.json"):
        record = json.loads(file.read_text(encoding="utf-8"))
        (tmp_path / file.name).write_text(json.dumps(record), encoding="utf-8")
        shown = report.render(tmp_path)
        assert all(f"## {name}\n" in shown for name in record["sets"])
        assert "in torch" not in shown


def test_of_two_results_on_one_day_the_later_is_shown(tmp_path: Path) -> None:
    """By what the files say, not by when they were written here: a checkout gives all files one time."""
    row = {"passages": 1, "queries": 1}
    for name, time, value in (("a", "10:00:00 UTC", 0.9), ("b", "09:00:00 UTC", 0.8), ("c", None, 0.7)):
        report.write(tmp_path / f"search-{name}.json", {"sets": {"toy": {**row, "variants": {"x": {"ndcg@10": value}}}}}, "run")
        record = json.loads((tmp_path / f"search-{name}.json").read_text(encoding="utf-8"))
        record |= {"date": "2026-11-23", "time": time}
        if time is None:
            del record["time"]  # results filed before the time was kept
        (tmp_path / f"search-{name}.json").write_text(json.dumps(record), encoding="utf-8")
    assert "| x | 0.900 |" in report.render(tmp_path)
