"""Trains the judge: does this stretch of text answer this question, or only look as if it did?

    python -m training.judge pairs --squad FOLDER --units FOLDER --groups FOLDER --data DATA --out FILE
    python -m training.judge train --pairs FILE --start MPNET --out FOLDER [--minutes 60]
    python -m training.judge check --units FOLDER --models FOLDER …
    python -m training.judge export --units FOLDER --model FOLDER --out models/judge

The selector is small and picks the sentence; the judge is larger and reads one text a question: the chosen sentence with what
stands around it (`answer.judging.stretch` cuts it). It starts from the weights of all-mpnet-base-v2 (Apache-2.0;
Song et al. 2020, "MPNet") and learns one logit with binary cross entropy, mostly from pairs of questions on one paragraph of
which one is answered there and the other is not. The four upper layers are left out, word embeddings and the
two lowest layers stay as they are.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoConfig, MPNetModel

from answer.judging import stretch
from index.files import file_sha256
from index.judge import WEIGHTS
from index.judge import Judge as Shipped
from training.data import SEED, sentences
from training.evaluate import auroc
from training.export import quantize
from training.mine import BM25, overlap, write
from training.traps import article, is_training
from training.written import FOLDER as QUESTIONS
from training.written import collection_units

MAX_TOKENS = 160
LAYERS, FROZEN = 8, 2
"""Layers of the twelve that are kept, and those of them that stay as they are: without the upper ones a model of this kind
loses little (Sajjad et al. 2023, "On the effect of dropping layers of pre-trained transformer models"), and time a third."""
PUBLIC = 2400
"""Pairs drawn from the groups of the public sets, half of them answered."""
OPEN_TRAPS = 4200
STRANGERS = 1200
TWICE = ("squad", "squad_traps")


def squad_pairs(folder: Path) -> Iterator[dict[str, object]]:
    """Answerable and trap questions of the training half, on their own paragraph."""
    texts = {}
    for row in map(json.loads, (folder / "corpus.jsonl").read_text(encoding="utf-8").splitlines()):
        if is_training(row["_id"]):
            texts[row["_id"]] = sentences(row["text"])
    for row in map(json.loads, (folder / "queries.jsonl").read_text(encoding="utf-8").splitlines()):
        about = row["metadata"]
        if about["paragraph"] not in texts:
            continue
        own, lead = texts[about["paragraph"]], article(about["paragraph"]).replace("_", " ")
        spans = [a["text"] for a in about["answers"]]
        right = [i for i, s in enumerate(own) if any(span in s for span in spans)]
        if about["is_impossible"]:
            yield pair("squad_traps", row["text"], lead, own, overlap(row["text"], own)[0], False)
        elif right:
            best = next(i for i in overlap(row["text"], own) if i in right)
            yield pair("squad", row["text"], lead, own, best, True)


def open_pairs(units: Path, held_out: bool, chance: random.Random) -> Iterator[dict[str, object]]:
    """Questions written here on open paragraphs; of the traps as many as `OPEN_TRAPS` when they are to train on."""
    paragraphs = {}
    for document in map(json.loads, (units / "documents.jsonl").read_text(encoding="utf-8").splitlines()):
        for number, paragraph in enumerate(document["paragraphs"]):
            paragraphs[document["id"], number] = (document["title"], paragraph)
    rows = [json.loads(line) for line in (QUESTIONS / "open.jsonl").read_text(encoding="utf-8").splitlines()]
    rows = [r for r in rows if bool(r.get("held_out")) == held_out and (r["document"], r["paragraph"]) in paragraphs]
    traps = [r for r in rows if r["kind"] == "trap"]
    if not held_out:
        traps = chance.sample(traps, min(len(traps), OPEN_TRAPS))
    for row in [r for r in rows if r["kind"] in "qp"] + traps:
        title, own = paragraphs[row["document"], row["paragraph"]]
        answered = row["kind"] in "qp"
        at = row["sentence"] if answered else overlap(row["question"], own)[0]
        yield pair("written_open", row["question"], title, own, at, answered)


def written_pairs(data: Path) -> Iterator[dict[str, object]]:
    """Questions on the collection's own passages, but for those held out of training."""
    for unit in collection_units(data):
        for sentence, kind, question in unit.asked:
            if kind != "n":
                at = sentence if kind in "qp" else overlap(question, unit.sentences)[0]
                yield pair("written", question, unit.lead, unit.sentences, at, kind in "qp")


def public_pairs(groups: Path, chance: random.Random) -> Iterator[dict[str, object]]:
    """Passages of the public sets that answer, and the hardest ones mined that do not."""
    found = defaultdict(list)
    for group in map(json.loads, (groups / "groups.jsonl").open(encoding="utf-8")):
        if group["positive"] and group["level"] == "passage" and len(group["texts"]) > 1:
            found[group["dataset"]].append(group)
    for own in found.values():
        for group in chance.sample(own, min(len(own), PUBLIC // 2 // len(found))):
            for text, answered in ((group["texts"][0], True), (chance.choice(group["texts"][1:4]), False)):
                split = sentences(text)
                if split:
                    yield pair(group["dataset"], group["question"], "", split, overlap(group["question"], split)[0], answered)


def strangers(pairs: Sequence[dict[str, object]], chance: random.Random) -> Iterator[dict[str, object]]:
    """Answered questions on the text of another article that shares most of their words: plainly no answer."""
    known = [p for p in pairs if p["lead"] and p["dataset"] != "written"]
    words = BM25([str(p["text"]) for p in known])
    answered = [p for p in known if p["answered"]]
    for asked in chance.sample(answered, min(len(answered), STRANGERS)):
        order = np.argsort(-words.scores(str(asked["question"])), kind="stable")
        other = next(known[i] for i in order if known[i]["lead"] != asked["lead"])
        yield asked | {"text": other["text"], "lead": other["lead"], "answered": False}


def pair(name: str, question: str, lead: str, own: Sequence[str], at: int, answered: bool) -> dict[str, object]:
    return {"dataset": name, "question": question, "lead": lead, "text": stretch(lead, own, at), "answered": answered}


class Judge(nn.Module):
    """MPNet read as a cross-encoder; the head sees the first token and the mean of all."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0
        config.num_hidden_layers = LAYERS
        config._attn_implementation = "eager"
        self.encoder = MPNetModel(config, add_pooling_layer=False)
        self.head = nn.Linear(2 * config.hidden_size, 1)
        nn.init.zeros_(self.head.bias)
        nn.init.normal_(self.head.weight, std=0.02)
        weights = load_file(folder / "model.safetensors")
        target = self if "head.weight" in weights else self.encoder
        missing, _ = target.load_state_dict({k: v for k, v in weights.items() if "position_ids" not in k}, strict=False)
        if [name for name in missing if "position_ids" not in name]:
            raise SystemExit(f"{folder / 'model.safetensors'} lacks {missing[:3]}")
        for part in (self.encoder.embeddings, *self.encoder.encoder.layer[:FROZEN]):
            part.requires_grad_(False)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        """(batch, length) token ids and mask -> (batch,) logits."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        weight = attention_mask.unsqueeze(-1).to(states.dtype)
        mean = (states * weight).sum(1) / weight.sum(1)
        return self.head(torch.cat([states[:, 0], mean], dim=-1)).squeeze(-1)


def tokenizer(folder: Path) -> Tokenizer:
    made = Tokenizer.from_file(str(folder / "tokenizer.json"))
    made.no_padding()
    made.enable_truncation(MAX_TOKENS, strategy="only_second")
    return made


def logits(model: Judge, tokens: Tokenizer, pairs: Sequence[tuple[str, str]]) -> Tensor:
    """(n,) logits; one padded batch."""
    encoded = [e.ids for e in tokens.encode_batch([(" ".join(q.split()[:60]), t) for q, t in pairs])]
    width = -(-max(map(len, encoded)) // 16) * 16
    ids = torch.tensor([row + [1] * (width - len(row)) for row in encoded])
    mask = torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in encoded])
    with torch.autocast("cpu", torch.bfloat16):
        return model(ids, mask).float()


def make(options: argparse.Namespace) -> None:
    chance = random.Random(SEED)
    found = [*squad_pairs(options.squad), *open_pairs(options.units, False, chance)]
    found += [*written_pairs(options.data)] if options.data else []
    found += [*strangers(found, chance)]
    found += [*public_pairs(options.groups, chance)] if options.groups else []
    with options.out.open("w", encoding="utf-8") as file:
        for row in found:
            write(file, row)
    print(f"{len(found)} pairs, {sum(bool(r['answered']) for r in found)} of them answered")


def plan(pairs: Sequence[dict], size: int, chance: random.Random) -> list[list[dict]]:
    """Batches of like length, in any order; what is in `TWICE` comes twice."""
    every = [*pairs, *(p for p in pairs if p["dataset"] in TWICE)]
    chance.shuffle(every)
    made = []
    for start in range(0, len(every), 40 * size):
        some = sorted(every[start : start + 40 * size], key=lambda p: len(p["text"]) + len(p["question"]))
        batches = [some[i : i + size] for i in range(0, len(some), size)]
        chance.shuffle(batches)
        made += batches
    return made


def train(options: argparse.Namespace) -> None:
    torch.manual_seed(SEED)
    torch.set_num_threads(2)
    chance = random.Random(SEED)
    pairs = [json.loads(line) for line in options.pairs.read_text(encoding="utf-8").splitlines()]
    steps = plan(pairs, options.size, chance)
    model, tokens = Judge(options.start), tokenizer(options.start)
    body = [p for p in model.encoder.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        [{"params": body, "lr": options.rate}, {"params": model.head.parameters(), "lr": 20 * options.rate}], weight_decay=0.01
    )
    rates = [g["lr"] for g in optimizer.param_groups]
    model.train()
    began, average, step = time.time(), 0.69, 0
    for step, batch in enumerate(steps):
        done = max(step / len(steps), (time.time() - began) / (60 * options.minutes))
        if done >= 1:
            break
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * min(1, (step + 1) / 40) * (1 - done)
        found = logits(model, tokens, [(p["question"], p["text"]) for p in batch])
        loss = nn.functional.binary_cross_entropy_with_logits(found, torch.tensor([float(p["answered"]) for p in batch]))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        average = 0.97 * average + 0.03 * loss.item()
        if step % 10 == 0:
            print(f"step {step}/{len(steps)} loss {average:.3f} {time.time() - began:.0f} s", flush=True)
        if step and step % 100 == 0:
            save(model, options.start, options.out)
    save(model, options.start, options.out)
    print(f"{step + 1} steps, {(step + 1) * options.size} pairs, {time.time() - began:.0f} s")


def save(model: Judge, start: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, out / "model.safetensors")
    for name in ("config.json", "tokenizer.json"):
        (out / name).write_bytes((start / name).read_bytes())


Score = Callable[[Sequence[tuple[str, str]]], np.ndarray]
"""(question, text) pairs -> (n,) logits."""


def float_scores(folder: Path) -> Score:
    model, tokens = Judge(folder).eval(), tokenizer(folder)

    def scores(pairs: Sequence[tuple[str, str]]) -> np.ndarray:
        with torch.no_grad():
            return np.concatenate([logits(model, tokens, pairs[i : i + 32]).numpy() for i in range(0, len(pairs), 32)])

    return scores


def shipped_scores(folder: Path) -> Score:
    model = Shipped(folder)
    return lambda pairs: np.concatenate([model.logits(question, [text]) for question, text in pairs])


def held_out(units: Path) -> tuple[list[tuple[str, str]], np.ndarray]:
    """(pairs, (n,) whether they are answered) of the open questions that were held out of training."""
    rows = list(open_pairs(units, True, random.Random(SEED)))
    return [(str(r["question"]), str(r["text"])) for r in rows], np.array([bool(r["answered"]) for r in rows])


def told(scores: np.ndarray, answered: np.ndarray) -> float:
    """Answered against traps, AUROC."""
    return round(auroc(scores[answered].tolist(), scores[~answered].tolist()), 4)


def check(options: argparse.Namespace) -> None:
    pairs, answered = held_out(options.units)
    for folder in options.models:
        score = (shipped_scores if (folder / WEIGHTS).is_file() else float_scores)(folder)
        print(f"{folder.name}: AUROC {told(score(pairs), answered)} on {len(pairs)} questions")


def to_onnx(folder: Path, out: Path) -> None:
    """token ids (1, length) int64 -> logit (1,)."""
    whole = Judge(folder).eval()

    class One(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.whole = whole

        def forward(self, input_ids: Tensor) -> Tensor:
            return self.whole(input_ids, torch.ones_like(input_ids))

    torch.onnx.export(
        One().eval(),
        (torch.randint(1000, 20000, (1, 37)),),
        str(out),
        dynamo=True,
        external_data=False,
        input_names=["input_ids"],
        output_names=["logit"],
        dynamic_shapes=({1: torch.export.Dim("length", max=MAX_TOKENS)},),
        opset_version=18,
    )


def export(options: argparse.Namespace) -> None:
    """Writes what `index.judge` runs, and says how near it is to the float weights."""
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "tokenizer.json").write_bytes((options.model / "tokenizer.json").read_bytes())
    with tempfile.TemporaryDirectory() as name:
        to_onnx(options.model, Path(name) / "float.onnx")
        quantize(Path(name) / "float.onnx", options.out / WEIGHTS)
    files = (WEIGHTS, "tokenizer.json")
    config: dict[str, object] = {"max_tokens": MAX_TOKENS}
    config["sha256"] = {name: file_sha256(options.out / name) for name in files}
    (options.out / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    pairs, answered = held_out(options.units)
    exact, small = float_scores(options.model)(pairs), shipped_scores(options.out)(pairs)
    config["held_out"] = {
        "questions": len(pairs),
        "auroc_float": told(exact, answered),
        "auroc": told(small, answered),
        "correlation": round(float(np.corrcoef(exact, small)[0, 1]), 4),
    }
    (options.out / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(config, indent=1))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    steps = parser.add_subparsers(dest="step", required=True)
    one = steps.add_parser("pairs")
    one.add_argument("--squad", type=Path, required=True, help="a BEIR folder with answers and traps")
    one.add_argument("--units", type=Path, required=True, help="what training.data wrote")
    one.add_argument("--groups", type=Path, help="what training.mine wrote")
    one.add_argument("--data", type=Path, help="a data folder with the bundled collection")
    one.add_argument("--out", type=Path, required=True)
    two = steps.add_parser("train")
    two.add_argument("--pairs", type=Path, required=True)
    two.add_argument("--start", type=Path, required=True, help="folder of all-mpnet-base-v2, or of an earlier run")
    two.add_argument("--out", type=Path, required=True)
    two.add_argument("--minutes", type=float, default=60)
    two.add_argument("--rate", type=float, default=3e-5)
    two.add_argument("--size", type=int, default=24, help="pairs a batch")
    three = steps.add_parser("check")
    three.add_argument("--units", type=Path, required=True)
    three.add_argument("--models", type=Path, nargs="+", required=True)
    four = steps.add_parser("export")
    four.add_argument("--units", type=Path, required=True)
    four.add_argument("--model", type=Path, required=True)
    four.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    {"pairs": make, "train": train, "check": check, "export": export}[options.step](options)


if __name__ == "__main__":
    main()
