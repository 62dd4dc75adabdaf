"""Trains the encoder further on the groups of `training.mine`, and says whether it pays on what was held out.

    python -m training.encoder train   --groups FILE [FILE …] --units FOLDER --start MINILM --out FOLDER [--minutes 25]
    python -m training.encoder blend   --start MINILM --end FOLDER --share .5 --out FOLDER
    python -m training.encoder measure --groups FOLDER --models FOLDER …

The loss is sentence-transformers' multiple negatives ranking (Henderson et al. 2017): a question against its text, the first
mined negative and all other texts of the batch, temperature 1/20. Word embeddings stay frozen. `blend` goes a part of the way
from the old weights to the new (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models"), which forgets less.
Questions of the documents that `training.sets` leaves out are not learned from.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections import defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import nn

from training.evaluate import ndcg
from training.mine import BM25, encode, fuse
from training.sets import left_out

SEED = 19
MAX_TOKENS = 112
SCALE = 20.0
LEVELS = ("passage", "sentence")
"""A batch is of one level, so that short texts are not padded to long ones."""
A_SET = 4000
"""Most groups of a level from one set, so that the largest does not speak for all."""
Triple = tuple[str, str, str]


def triples(files: Sequence[Path], level: str, without: Collection[str], chance: random.Random) -> list[Triple]:
    """(question, text that answers it, mined negative) of every answered group of a level, sets evened out, shuffled; none of a
    question that is to stay unknown (`without`)."""
    found: dict[str, list[Triple]] = defaultdict(list)
    for line in (line for file in files for line in file.open(encoding="utf-8")):
        group = json.loads(line)
        usable = group["positive"] and group["level"] == level and len(group["texts"]) > 1
        if usable and group["question"] not in without:
            found[group["dataset"]].append((group["question"], *group["texts"][:2]))
    drawn = [t for own in found.values() for t in chance.sample(own, min(len(own), A_SET))]
    chance.shuffle(drawn)
    return drawn


def batches(drawn: Sequence[Triple], size: int) -> list[list[Triple]]:
    """Batches in which no text stands twice: a text of another question would else be its own negative."""
    made: list[list[Triple]] = [[]]
    seen: set[str] = set()
    for triple in drawn:
        if seen & set(triple[1:]):
            continue  # a few are left out
        made[-1].append(triple)
        seen |= set(triple[1:])
        if len(made[-1]) == size:
            made.append([])
            seen = set()
    return made[:-1]


def vectors(model: Any, texts: Sequence[str]) -> torch.Tensor:
    """(n, 384) unit rows."""
    inputs = model.preprocess(list(texts)) if hasattr(model, "preprocess") else model.tokenize(list(texts))
    with torch.autocast("cpu", torch.bfloat16):
        pooled = model(inputs)["sentence_embedding"]
    return nn.functional.normalize(pooled.float(), dim=1)


def train(groups: Sequence[Path], units: Path, start: Path, out: Path, minutes: float, rate: float, size: int) -> None:
    from sentence_transformers import SentenceTransformer

    torch.manual_seed(SEED)
    torch.set_num_threads(2)
    model = SentenceTransformer(str(start), device="cpu", local_files_only=True)
    model.max_seq_length = MAX_TOKENS
    model.train()
    for name, weights in model.named_parameters():
        weights.requires_grad_("word_embeddings" not in name)
    learned = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=rate, weight_decay=0.01)
    chance, without = random.Random(SEED), left_out(units)
    plan = [batch for level in LEVELS for batch in batches(triples(groups, level, without, chance), size)]
    chance.shuffle(plan)
    began, average, step = time.time(), 0.0, 0
    for step, batch in enumerate(plan):
        done = max(step / len(plan), (time.time() - began) / (60 * minutes))
        if done >= 1:
            break
        optimizer.param_groups[0]["lr"] = rate * min(1, (step + 1) / 40) * (1 - done)
        questions, answers, negatives = zip(*batch, strict=True)
        logits = SCALE * vectors(model, questions) @ torch.cat([vectors(model, answers), vectors(model, negatives)]).T
        loss = nn.functional.cross_entropy(logits, torch.arange(len(batch)))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        average = loss.item() if not step else 0.97 * average + 0.03 * loss.item()
        if step % 20 == 0:
            print(f"step {step}/{len(plan)} loss {average:.3f} {time.time() - began:.0f} s", flush=True)
    write({k: v.detach() for k, v in model[0].auto_model.state_dict().items()}, start, out)
    print(f"{step + 1} steps, {(step + 1) * size} triples, {time.time() - began:.0f} s")


def write(weights: dict[str, torch.Tensor], start: Path, out: Path) -> None:
    """The folder of `start` with other weights."""
    for file in (f for f in start.rglob("*") if f.is_file() and f.suffix in (".json", ".txt")):
        copy = out / file.relative_to(start)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    save_file({k: v.contiguous() for k, v in weights.items()}, out / "model.safetensors", metadata={"format": "pt"})


def blend(start: Path, end: Path, share: float, out: Path) -> None:
    old, new = (load_file(folder / "model.safetensors") for folder in (start, end))
    write({k: (1 - share) * old[k] + share * v if v.is_floating_point() else v for k, v in new.items() if k in old}, start, out)


def measure(groups: Path, models: Sequence[Path]) -> None:
    """nDCG@10 on the held-out documents of every set: meaning alone, and half and half with BM25."""
    texts, asked = defaultdict(list), defaultdict(list)
    for line in (groups / "dev_passages.jsonl").read_text(encoding="utf-8").splitlines():
        passage = json.loads(line)
        texts[passage["dataset"]].append(f"{passage['title']}. {passage['text']}" if passage["title"] else passage["text"])
    for line in (groups / "dev.jsonl").read_text(encoding="utf-8").splitlines():
        question = json.loads(line)
        asked[question["dataset"]].append(question)
    for model in models:
        print(model.name)
        alone, fused = {}, {}
        for name, questions in asked.items():
            words, rows = BM25(texts[name]), encode(texts[name], model, 256)
            cosines = encode([q["question"] for q in questions], model, 256) @ rows.T
            golds = [set(q["gold_passages"]) for q in questions]
            both = [fuse(words.scores(q["question"]), c) for q, c in zip(questions, cosines, strict=True)]
            alone[name], fused[name] = (
                float(np.mean([ndcg(list(np.argsort(-s, kind="stable")), g) for s, g in zip(scores, golds, strict=True)]))
                for scores in (cosines, both)
            )
            print(f"  {name:15} meaning {alone[name]:.3f}  with BM25 {fused[name]:.3f}", flush=True)
        print(f"  {'mean':15} meaning {np.mean(list(alone.values())):.3f}  with BM25 {np.mean(list(fused.values())):.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    steps = parser.add_subparsers(dest="step", required=True)
    one = steps.add_parser("train")
    one.add_argument("--groups", type=Path, nargs="+", required=True, help="files of training.mine and training.written")
    one.add_argument("--units", type=Path, required=True, help="what training.data wrote")
    one.add_argument("--start", type=Path, required=True)
    one.add_argument("--out", type=Path, required=True)
    one.add_argument("--minutes", type=float, default=25)
    one.add_argument("--rate", type=float, default=5e-5)
    one.add_argument("--size", type=int, default=48, help="triples a batch")
    two = steps.add_parser("blend")
    for name in ("--start", "--end", "--out"):
        two.add_argument(name, type=Path, required=True)
    two.add_argument("--share", type=float, default=0.5)
    three = steps.add_parser("measure")
    three.add_argument("--groups", type=Path, required=True)
    three.add_argument("--models", type=Path, nargs="+", required=True)
    options = vars(parser.parse_args())
    {"train": train, "blend": blend, "measure": measure}[options.pop("step")](**options)


if __name__ == "__main__":
    main()
