"""A training result becomes what ships: lower.int8.onnx, upper.int8.onnx, tokenizer.json, config.json.

    python -m training.export --model FOLDER --out FOLDER --groups FOLDER

The lower half has the embeddings, three layers and the early head; the upper half the other three layers and the last head.
Checks that int8 ranks like float on the development set, fits the calibration of both heads there and writes all to
config.json; prints the latency. `index.reranker.CrossEncoder` runs what is written here.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor, nn

from evals.measure import calibration_error
from index.encoder import file_sha256
from index.export_encoder import bare
from index.reranker import CrossEncoder
from training.data import SEED, sentences
from training.mine import BM25

Score = Callable[[str, Sequence[str]], np.ndarray]  # (question, texts) -> (n,) logits
CASES = 250  # development questions that the calibration and the int8 check use


def halves(model: Path) -> tuple[nn.Module, nn.Module]:
    """(lower, upper): (ids, token types) -> (states, early logit), and states -> logit. One pair at a time: no mask."""
    from training.train import EARLY, Selector

    whole = Selector(model).eval()

    def read(head: nn.Linear, states: Tensor) -> Tensor:
        return head(torch.cat([states[:, 0], states.mean(1)], dim=-1)).squeeze(-1)

    class Lower(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.embeddings, self.head = whole.encoder.embeddings, whole.early
            self.layers = whole.encoder.encoder.layer[:EARLY]

        def forward(self, input_ids: Tensor, token_type_ids: Tensor) -> tuple[Tensor, Tensor]:
            states = self.embeddings(input_ids=input_ids, token_type_ids=token_type_ids)
            for layer in self.layers:
                states = layer(states)
            return states, read(self.head, states)

    class Upper(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers, self.head = whole.encoder.encoder.layer[EARLY:], whole.head

        def forward(self, states: Tensor) -> Tensor:
            for layer in self.layers:
                states = layer(states)
            return read(self.head, states)

    return Lower(), Upper()


def to_onnx(model: Path, folder: Path) -> None:
    lower, upper = halves(model)
    ids, length = torch.randint(1000, 20000, (1, 37)), torch.export.Dim("length")
    shared = {"dynamo": True, "external_data": False, "opset_version": 18}
    torch.onnx.export(
        lower,
        (ids, torch.zeros_like(ids)),
        str(folder / "lower.onnx"),
        input_names=["input_ids", "token_type_ids"],
        output_names=["states", "early"],
        dynamic_shapes=({1: length},) * 2,
        **shared,
    )
    torch.onnx.export(
        upper,
        (torch.randn(1, 37, 384),),
        str(folder / "upper.onnx"),
        input_names=["states"],
        output_names=["logit"],
        dynamic_shapes=({1: length},),
        **shared,
    )


def quantize(source: Path, out: Path) -> None:
    """Signed weights, one scale a channel. Seven bits (`reduce_range`): processors without VNNI overflow with eight."""
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(source, out, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)
    onnx.save(bare(onnx.load(str(out))), str(out))


@dataclass(frozen=True)
class Case:
    question: str
    texts: list[str]  # the sentences of the paragraph that answers it
    gold: set[int]
    rival: list[str]  # the sentences of the passage that BM25 ranks first among those that do not


def dev_cases(groups: Path) -> list[Case]:
    items = [json.loads(line) for line in (groups / "dev.jsonl").read_text().splitlines()]
    passages: dict[str, list[str]] = defaultdict(list)
    for p in map(json.loads, (groups / "dev_passages.jsonl").read_text().splitlines()):
        passages[p["dataset"]].append(p["text"])
    words, cases = {name: BM25(texts) for name, texts in passages.items()}, []
    for q in items:
        if q["gold_sentences"] and len(q["paragraph"]) > 1:
            ranked = np.argsort(-words[q["dataset"]].scores(q["question"]))
            rival = next(passages[q["dataset"]][i] for i in ranked if i not in q["gold_passages"])
            cases.append(Case(q["question"], q["paragraph"], set(q["gold_sentences"]), sentences(rival)))
    return random.Random(SEED).sample(cases, min(CASES, len(cases)))


def spearman(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(a.argsort().argsort(), b.argsort().argsort())[0, 1])


def agreement(cases: Sequence[Case], exact: Score, small: Score) -> dict[str, float]:
    """How the shipped int8 files rank against the float model, both at full depth."""
    pairs = [(exact(c.question, c.texts), small(c.question, c.texts)) for c in cases]
    return {
        "questions": len(pairs),
        "same_first_sentence": round(float(np.mean([a.argmax() == b.argmax() for a, b in pairs])), 3),
        "spearman_all_pairs": round(spearman(np.concatenate([a for a, _ in pairs]), np.concatenate([b for _, b in pairs])), 4),
        "right_float": round(float(np.mean([a.argmax() in c.gold for (a, _), c in zip(pairs, cases, strict=True)])), 3),
        "right_int8": round(float(np.mean([b.argmax() in c.gold for (_, b), c in zip(pairs, cases, strict=True)])), 3),
    }


def calibrate(cases: Sequence[Case], score: Score) -> dict[str, float]:
    """Platt scaling of a best sentence's logit: the best of the answering paragraph (right or wrong) and the best of
    the closest passage that holds no answer (wrong), one each a question."""
    logits, labels = [], []
    for case in cases:
        own, rival = score(case.question, case.texts), score(case.question, case.rival)
        logits += [own.max(), rival.max()]
        labels += [float(own.argmax() in case.gold), 0.0]
    x, y = np.array(logits, dtype=np.float64)[:, None], np.array(labels)
    model = LogisticRegression(C=1e6).fit(x, y)
    slope, bias = float(model.coef_[0, 0]), float(model.intercept_[0])
    error = calibration_error(model.predict_proba(x)[:, 1], y)
    return {
        "temperature": round(1 / slope, 4),
        "bias": round(bias, 4),
        "expected_calibration_error": round(error, 4),
        "fitted_on": len(y),
    }


def latency(model: CrossEncoder) -> dict[str, dict[str, float]]:
    """Medians mean something on an idle machine only; the fastest run is printed beside them."""
    found = {}
    for name, (count, words) in {"20 passages of 110 words": (20, 110), "24 sentences of 25 words": (24, 25)}.items():
        texts, times = [" ".join(["school"] * words)] * count, []
        for _ in range(25):
            began = time.perf_counter()
            model.logits("how many schools were there in the first year", texts)
            times.append(1000 * (time.perf_counter() - began))
        found[name] = {"p50_ms": round(float(np.median(times)), 1), "fastest_ms": round(min(times), 1)}
    return found


def float_scores(folder: Path) -> Score:
    from training import train

    model, tokens = train.Selector(folder).eval(), train.tokenizer(folder)

    def scores(question: str, texts: Sequence[str]) -> np.ndarray:
        with torch.no_grad():
            return train.forward(model, train.encode(tokens, [(question, t) for t in texts]))[0].numpy()

    return scores


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--groups", type=Path, required=True, help="folder written by training.mine")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "tokenizer.json").write_bytes((options.model / "tokenizer.json").read_bytes())
    with tempfile.TemporaryDirectory() as name:
        to_onnx(options.model, Path(name))
        for half in ("lower", "upper"):
            quantize(Path(name) / f"{half}.onnx", options.out / f"{half}.int8.onnx")
    files = ("lower.int8.onnx", "upper.int8.onnx", "tokenizer.json")
    report: dict[str, object] = {"sha256": {name: file_sha256(options.out / name) for name in files}}
    (options.out / "config.json").write_text(json.dumps(report))
    cases = dev_cases(options.groups)
    full, early = CrossEncoder(options.out), CrossEncoder(options.out, "early")
    report["calibration"] = {"full": calibrate(cases, full.logits), "early": calibrate(cases, early.logits)}
    report["agreement_with_float"] = agreement(cases, float_scores(options.model), full.logits)
    (options.out / "config.json").write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report | {"latency": {"full": latency(full), "early": latency(early)}}, indent=2))


if __name__ == "__main__":
    main()
