"""Measures a selector: reranking the fusion baseline's top 20, picking the answer sentence, and knowing when there is none.

    python -m training.evaluate --model FOLDER --encoder FOLDER --groups FOLDER

It reads what was held out of training, and is there to choose by. What is reported is measured by the product's own bench
(`python -m casebook evaluate --beir`, `python -m evals.answers`), which leaves out what was trained on.
FOLDER of --model is a training result (model.safetensors) or an export (lower.int8.onnx).
The baseline is BM25/max + min-max normalised MiniLM cosine, half and half. Blends of the selector's probability with it
are printed for dev so that a weight can be chosen there.
"""

from __future__ import annotations

import argparse
import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from index.reranker import CrossEncoder, Depth
from training.data import sentences
from training.mine import BM25, encode, fuse

Score = Callable[[Sequence[tuple[str, str]]], np.ndarray]  # pairs -> (n,) logits
TOP = 20
WEIGHTS = (0.3, 0.5, 0.7, 1.0)  # of the selector in its blend with the baseline


def load(folder: Path, depth: Depth = "full") -> Score:
    if (folder / "lower.int8.onnx").exists():
        exported = CrossEncoder(folder, depth)
        return lambda pairs: np.concatenate([exported.logits(q, [t]) for q, t in pairs])
    import torch

    from training import train

    torch.set_num_threads(2)
    model, tokens = train.Selector(folder).eval(), train.tokenizer(folder)

    def score(pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        with torch.no_grad():
            return train.forward(model, train.encode(tokens, pairs), 8192)[0 if depth == "full" else 1].numpy()

    return score


def ndcg(ranking: Sequence[int], gold: set[int], k: int = 10) -> float:
    gains = [1 / np.log2(i + 2) for i, d in enumerate(ranking[:k]) if d in gold]
    return sum(gains) / sum(1 / np.log2(i + 2) for i in range(min(k, len(gold)))) if gold else 0.0


def auroc(good: Sequence[float], bad: Sequence[float]) -> float:
    a, b = np.asarray(good)[:, None], np.asarray(bad)[None, :]
    return float((a > b).mean() + 0.5 * (a == b).mean())


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def evidence(score: Score, question: str, split: Sequence[str]) -> tuple[float, float]:
    """How strongly a paragraph answers: its best sentence's logit, and the mean of that and the whole paragraph's."""
    made = score([(question, s) for s in [*split, " ".join(split)]])
    best = float(made[:-1].max())
    return best, (best + float(made[-1])) / 2


def by_rank(order: Sequence[int], scores: np.ndarray) -> list[int]:
    return [order[i] for i in np.argsort(-scores, kind="stable")]


def rerank(
    score: Score, question: str, base: np.ndarray, texts: Sequence[str], gold: set[int], weights: Sequence[float]
) -> dict[str, float]:
    top = list(np.argsort(-base, kind="stable")[:TOP])
    made = sigmoid(score([(question, texts[i]) for i in top]))
    ranks = {"baseline": ndcg(by_rank(top, base[top]), gold)}
    return ranks | {f"blend {w}": ndcg(by_rank(top, w * made + (1 - w) * base[top]), gold) for w in weights}


def mean(rows: Sequence[dict[str, float]]) -> dict[str, float]:
    return {k: round(float(np.mean([r[k] for r in rows])), 4) for k in rows[0]} if rows else {}


def dev(score: Score, encoder: Path, groups: Path, limit: int) -> dict[str, dict[str, float]]:
    asked, texts = defaultdict(list), defaultdict(list)
    for line in (groups / "dev_passages.jsonl").read_text().splitlines():
        p = json.loads(line)
        texts[p["dataset"]].append(f"{p['title']}. {p['text']}" if p["title"] else p["text"])
    for line in (groups / "dev.jsonl").read_text().splitlines():
        q = json.loads(line)
        asked[q["dataset"]].append(q)
    report: dict[str, dict[str, float]] = {}
    for name, questions in asked.items():
        cache = groups / f"dev_{name}.npy"
        if not cache.exists():
            np.save(cache, encode(texts[name], encoder, 256))
        vectors, words = np.load(cache), BM25(texts[name])
        questions = questions[:limit]
        cosines = encode([q["question"] for q in questions], encoder, 256) @ vectors.T
        ranks, right, cosine, both, good, bad = [], [], [], [], [], []
        for q, dense in zip(questions, cosines, strict=False):
            base, gold = fuse(words.scores(q["question"]), dense), set(q["gold_passages"])
            ranks.append(rerank(score, q["question"], base, texts[name], gold, WEIGHTS))
            if q["gold_sentences"] and len(q["paragraph"]) > 1:
                made = score([(q["question"], s) for s in q["paragraph"]])
                vecs = encode([q["question"], *q["paragraph"]], encoder, 128)
                near = vecs[1:] @ vecs[0]
                right.append(float(made.argmax() in q["gold_sentences"]))
                cosine.append(float(near.argmax() in q["gold_sentences"]))
                both.append(float((sigmoid(made) + near).argmax() in q["gold_sentences"]))
                other = next(i for i in np.argsort(-base) if i not in gold)
                good.append(evidence(score, q["question"], q["paragraph"]))
                bad.append(evidence(score, q["question"], sentences(texts[name][other])))
        report[name] = mean(ranks)
        if right:
            report[name] |= {
                "sentence": float(np.mean(right)),
                "sentence by cosine": float(np.mean(cosine)),
                "sentence by both": float(np.mean(both)),
                "auroc": auroc(*([e[0] for e in side] for side in (good, bad))),
                "auroc by both": auroc(*([e[1] for e in side] for side in (good, bad))),
            }
        report[name]["n"] = len(questions)
        print(name, {k: round(float(v), 3) for k, v in report[name].items()}, flush=True)
    report["mean"] = {k: float(np.mean([r[k] for r in report.values() if k in r])) for k in report["selqa"]}
    print("mean", {k: round(v, 3) for k, v in report["mean"].items()})
    return report


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--groups", type=Path, required=True, help="folder written by training.mine")
    parser.add_argument("--depth", choices=("full", "early"), default="full", help="early: the lower half alone")
    parser.add_argument("--limit", type=int, default=150, help="questions a set")
    options = parser.parse_args()
    dev(load(options.model, options.depth), options.encoder, options.groups, options.limit)


if __name__ == "__main__":
    main()
