"""A training result becomes what ships: model.int8.onnx, tokenizer.json, config.json.

    python -m training.export --model FOLDER --out FOLDER --groups FOLDER

Checks that int8 ranks like float on the development set, fits the score calibration there and writes both to
config.json; prints the latency. `Session` is the whole of inference: onnxruntime, tokenizers and numpy.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from tokenizers import Tokenizer

from training.data import SEED, sentences
from training.mine import BM25

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
MAX_LENGTH = 256
QUESTION_WORDS = 60
CASES = 250  # development questions that the calibration and the int8 check use


class Session:
    """(question, text) pairs -> logits. Higher is better; sigmoid(logit / temperature + bias) is a probability."""

    def __init__(self, folder: Path, file: str = "model.int8.onnx", threads: int = 2) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # leave the processor to others
        self.model = onnxruntime.InferenceSession(str(folder / file), options, providers=["CPUExecutionProvider"])
        self.tokens = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.tokens.no_padding()
        self.tokens.enable_truncation(MAX_LENGTH, strategy="only_second")

    def scores(self, pairs: Sequence[tuple[str, str]], batch: int = 32) -> np.ndarray:
        """(n,) float32. Pairs run sorted by length, so that short ones are not padded to the longest."""
        encoded = self.tokens.encode_batch([(" ".join(q.split()[:QUESTION_WORDS]), t) for q, t in pairs])
        order = sorted(range(len(encoded)), key=lambda i: len(encoded[i].ids))
        logits = np.zeros(len(encoded), dtype=np.float32)
        for at in range(0, len(order), batch):
            part = order[at : at + batch]
            arrays = np.zeros((3, len(part), len(encoded[part[-1]].ids)), dtype=np.int64)
            for row, i in enumerate(part):
                width = len(encoded[i].ids)
                arrays[0, row, :width], arrays[1, row, :width], arrays[2, row, :width] = encoded[i].ids, 1, encoded[i].type_ids
            logits[part] = self.model.run(None, dict(zip(INPUTS, arrays, strict=False)))[0]
        return logits


def to_onnx(model: Path, out: Path) -> None:
    import torch

    from training.train import Selector

    ids = torch.randint(1000, 20000, (3, 37))
    batch, length = torch.export.Dim("batch"), torch.export.Dim("length")
    torch.onnx.export(
        Selector(model).eval(),
        (ids, torch.ones_like(ids), torch.zeros_like(ids)),
        str(out),
        dynamo=True,
        external_data=False,
        input_names=list(INPUTS),
        output_names=["logit"],
        dynamic_shapes=({0: batch, 1: length},) * 3,
        opset_version=18,
    )


def quantize(source: Path, out: Path) -> None:
    """Signed weights, one scale a channel. Seven bits (`reduce_range`): processors without VNNI overflow with eight."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(source, out, weight_type=QuantType.QInt8, per_channel=True, reduce_range=True)


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


def agreement(cases: Sequence[Case], exact: Session, small: Session) -> dict[str, float]:
    pairs = [(exact.scores(p), small.scores(p)) for p in ([(c.question, t) for t in c.texts] for c in cases)]
    return {
        "questions": len(pairs),
        "same_first_sentence": round(float(np.mean([a.argmax() == b.argmax() for a, b in pairs])), 3),
        "spearman_all_pairs": round(spearman(np.concatenate([a for a, _ in pairs]), np.concatenate([b for _, b in pairs])), 4),
        "right_float": round(float(np.mean([a.argmax() in c.gold for (a, _), c in zip(pairs, cases, strict=False)])), 3),
        "right_int8": round(float(np.mean([b.argmax() in c.gold for (_, b), c in zip(pairs, cases, strict=False)])), 3),
    }


def calibrate(cases: Sequence[Case], session: Session) -> dict[str, float]:
    """Platt scaling of a best sentence's logit: the best of the answering paragraph (right or wrong) and the best of
    the closest passage that holds no answer (wrong), one each a question."""
    logits, labels = [], []
    for case in cases:
        own = session.scores([(case.question, t) for t in case.texts])
        rival = session.scores([(case.question, t) for t in case.rival])
        logits += [own.max(), rival.max()]
        labels += [float(own.argmax() in case.gold), 0.0]
    x, y = np.array(logits, dtype=np.float64), np.array(labels)
    slope, bias = 1.0, 0.0
    for _ in range(100):  # Newton steps of logistic regression on one variable
        p = 1 / (1 + np.exp(-(slope * x + bias)))
        gradient = np.array([((p - y) * x).sum(), (p - y).sum()])
        w = p * (1 - p)
        hessian = np.array([[(w * x * x).sum(), (w * x).sum()], [(w * x).sum(), w.sum()]]) + 1e-6 * np.eye(2)
        slope, bias = np.array([slope, bias]) - np.linalg.solve(hessian, gradient)
    p = 1 / (1 + np.exp(-(slope * x + bias)))
    bins = np.clip((p * 10).astype(int), 0, 9)
    error = sum(abs(p[bins == b].mean() - y[bins == b].mean()) * (bins == b).mean() for b in range(10) if (bins == b).any())
    return {
        "temperature": round(1 / slope, 4),
        "bias": round(float(bias), 4),
        "expected_calibration_error": round(float(error), 4),
        "fitted_on": len(y),
    }


def latency(session: Session) -> dict[str, dict[str, float]]:
    """Medians mean something on an idle machine only; the fastest run is printed beside them."""
    chance, found = np.random.default_rng(SEED), {}
    for name, (count, length) in {"20 passages of 128 tokens": (20, 128), "40 sentences of 48 tokens": (40, 48)}.items():
        ids = chance.integers(1000, 20000, (count, length))
        feed = dict(zip(INPUTS, (ids, np.ones_like(ids), np.zeros_like(ids)), strict=False))
        times = []
        for _ in range(25):
            began = time.perf_counter()
            session.model.run(None, feed)
            times.append(1000 * (time.perf_counter() - began))
        found[name] = {"p50_ms": round(float(np.median(times)), 1), "fastest_ms": round(min(times), 1)}
    return found


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--groups", type=Path, required=True, help="folder written by training.mine")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "tokenizer.json").write_bytes((options.model / "tokenizer.json").read_bytes())
    with tempfile.TemporaryDirectory() as name:
        exact = Path(name)
        (exact / "tokenizer.json").write_bytes((options.model / "tokenizer.json").read_bytes())
        to_onnx(options.model, exact / "model.onnx")
        quantize(exact / "model.onnx", options.out / "model.int8.onnx")
        small, cases = Session(options.out), dev_cases(options.groups)
        report = {
            "max_length": MAX_LENGTH,
            "question_words": QUESTION_WORDS,
            "inputs": list(INPUTS),
            "output": "logit",
            "calibration": calibrate(cases, small),
            "agreement_with_float": agreement(cases, Session(exact, "model.onnx"), small),
            "sha256": {f: sha256(options.out / f) for f in ("model.int8.onnx", "tokenizer.json")},
        }
    (options.out / "config.json").write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report | {"latency_2_threads": latency(small)}, indent=2))


if __name__ == "__main__":
    main()
