"""Measures a selector: reranking the fusion baseline's top 20, picking the answer sentence, and knowing when there is none.

    python -m training.evaluate dev  --model FOLDER --encoder FOLDER --groups FOLDER      chooses (held out of training)
    python -m training.evaluate test --model FOLDER --encoder FOLDER --sets FOLDER        reports, once, at the end

FOLDER of --model is a training result (model.safetensors) or an export (lower.int8.onnx).
The baseline is BM25/max + min-max normalised MiniLM cosine, half and half. Blends of the selector's probability with it
are printed for dev so that a weight can be chosen there.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from index.reranker import CrossEncoder, Depth
from training.data import SEED, sentences
from training.mine import BM25, encode, fuse

Score = Callable[[Sequence[tuple[str, str]]], np.ndarray]  # pairs -> (n,) logits
TOP = 20
WEIGHTS = (0.3, 0.5, 0.7, 1.0)  # of the selector in its blend with the baseline
SETS = ("squad2", "fairytaleqa", "hotpot100", "clapnq_dev", "scifact")


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


def beir(folder: Path) -> tuple[list[str], list[str], list[dict], dict[str, set[str]]]:
    corpus = [json.loads(line) for line in (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    queries = [json.loads(line) for line in (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()]
    gold: dict[str, set[str]] = defaultdict(set)
    for line in (folder / "qrels/test.tsv").read_text(encoding="utf-8").splitlines()[1:]:
        query, document, grade = line.split("\t")
        if int(grade) > 0:
            gold[query].add(document)
    return [d["_id"] for d in corpus], [f"{d['title']}. {d['text']}" for d in corpus], queries, gold


def test(score: Score, encoder: Path, folder: Path, limit: int, names: Sequence[str], cache: Path) -> None:
    for name in names:
        ids, texts, queries, gold = beir(folder / name)
        queries = random.Random(SEED).sample(
            [q for q in queries if gold.get(q["_id"])], min(limit, sum(q["_id"] in gold for q in queries))
        )
        cache.mkdir(parents=True, exist_ok=True)
        if not (cache / f"{name}.npy").exists():
            np.save(cache / f"{name}.npy", encode(texts, encoder, 256))
        vectors, words, place = np.load(cache / f"{name}.npy"), BM25(texts), {d: i for i, d in enumerate(ids)}
        cosines = encode([q["text"] for q in queries], encoder, 256) @ vectors.T
        rows = [
            rerank(
                score,
                q["text"],
                fuse(words.scores(q["text"]), c),
                texts,
                {place[d] for d in gold[q["_id"]]},
                WEIGHTS,
            )
            for q, c in zip(queries, cosines, strict=False)
        ]
        print(f"{name}: reranking nDCG@10 over {len(rows)} queries", mean(rows), flush=True)
    select(score, encoder, folder / "squad2", limit)


def select(score: Score, encoder: Path, folder: Path, limit: int) -> None:
    """SQuAD 2.0 part: does the chosen sentence hold the answer; do answerable questions score above trap questions."""
    bodies = {d["_id"]: d["text"] for d in map(json.loads, (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines())}
    queries = [json.loads(line) for line in (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()]
    right, cosine, both = [], [], []
    scores: dict[bool, list[float]] = {True: [], False: []}
    both_scores: dict[bool, list[float]] = {True: [], False: []}
    cosine_scores: dict[bool, list[float]] = {True: [], False: []}
    for impossible in (False, True):
        pool = [q for q in queries if q["metadata"]["is_impossible"] == impossible]
        for q in random.Random(SEED).sample(pool, min(limit, len(pool))):
            split = sentences(bodies[q["metadata"]["paragraph"]])
            made, vecs = score([(q["text"], s) for s in split]), encode([q["text"], *split], encoder, 256)
            near = vecs[1:] @ vecs[0]
            scores[impossible].append(made.max())
            both_scores[impossible].append(evidence(score, q["text"], split)[1])
            cosine_scores[impossible].append(near.max())
            if not impossible and len(split) > 1:
                spans = [a["text"].lower() for a in q["metadata"]["answers"]]
                hit = [any(s in t.lower() for s in spans) for t in split]
                right.append(hit[made.argmax()])
                cosine.append(hit[near.argmax()])
                both.append(hit[(sigmoid(made) + near).argmax()])
    shares = {name: round(float(np.mean(s)), 3) for name, s in {"selector": right, "cosine": cosine, "both": both}.items()}
    print(f"squad2: the chosen sentence holds the answer, {len(right)} questions", shares)
    sides = {"selector": scores, "selector, sentence and passage": both_scores, "cosine": cosine_scores}
    areas = {name: auroc(side[False], side[True]) for name, side in sides.items()}
    counts = f"{len(scores[False])}+{len(scores[True])}"
    print(f"squad2: answerable/unanswerable AUROC, {counts} questions", {k: round(v, 3) for k, v in areas.items()})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("dev", "test"))
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--encoder", type=Path, required=True)
    parser.add_argument("--groups", type=Path, help="folder written by training.mine (dev)")
    parser.add_argument("--sets", type=Path, help="folder of BEIR folders (test)")
    parser.add_argument("--cache", type=Path, default=Path("cache"), help="where vectors of the test sets are kept")
    parser.add_argument("--depth", choices=("full", "early"), default="full", help="early: the lower half alone")
    parser.add_argument("--limit", type=int, default=150, help="questions a set")
    parser.add_argument("--names", nargs="+", default=SETS, help="test sets")
    options = parser.parse_args()
    score = load(options.model, options.depth)
    if options.what == "dev":
        dev(score, options.encoder, options.groups, options.limit)
    else:
        test(score, options.encoder, options.sets, options.limit, options.names, options.cache)


if __name__ == "__main__":
    main()
