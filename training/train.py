"""Trains the selector: one logit for "does this text answer this question".

    python -m training.train --groups FILE [FILE …] [--whole FILE …] --start FOLDER --out FOLDER [--sentences N --passages N]

`--start` is the folder of all-MiniLM-L6-v2, or the result of an earlier run (to go on with harder negatives).
The loss is listwise (softmax over one positive and its negatives) plus pointwise (binary cross entropy on every pair):
the first ranks, the second makes scores of different questions comparable, which abstention needs.

A second head reads the third layer. It learns the same task and to agree with the last layer (self-distillation, Zhang et al.
2019), so that the lower half alone is a reranker at half the cost: `training.export --layers 3`.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer
from torch import Tensor, nn
from transformers import AutoConfig, BertModel

SEED = 13
MAX_LENGTH = 224
POINTWISE = 0.5  # weight of the binary loss
EARLY = 3  # the layer the second head reads
EARLY_SHARE = 0.5  # weight of the second head's losses


class Selector(nn.Module):
    """MiniLM read as a cross-encoder; the head sees the first token and the mean of all."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
        config.hidden_dropout_prob = config.attention_probs_dropout_prob = 0.0  # short training: dropout only slows it
        self.encoder = BertModel(config, add_pooling_layer=False)
        self.head = nn.Linear(2 * config.hidden_size, 1)
        self.early = nn.Linear(2 * config.hidden_size, 1)
        for head in (self.head, self.early):
            nn.init.zeros_(head.bias)
            nn.init.normal_(head.weight, std=0.02)
        weights = load_file(folder / "model.safetensors")
        own = "head.weight" in weights
        target = self if own else self.encoder
        missing, _ = target.load_state_dict({k: v for k, v in weights.items() if "position_ids" not in k}, strict=False)
        missing = [name for name in missing if not name.startswith("early.")]
        if missing:
            raise SystemExit(f"{folder / 'model.safetensors'} lacks {missing[:3]}")
        self.encoder.embeddings.word_embeddings.weight.requires_grad_(False)  # half the weights, little to learn: faster

    def forward(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor) -> tuple[Tensor, Tensor]:
        """(logits, logits of the early head), each (batch,)."""
        found = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids, output_hidden_states=True
        )
        return self._read(self.head, found.last_hidden_state, attention_mask), self._read(
            self.early, found.hidden_states[EARLY], attention_mask
        )

    @staticmethod
    def _read(head: nn.Linear, states: Tensor, attention_mask: Tensor) -> Tensor:
        weight = attention_mask.unsqueeze(-1).to(states.dtype)
        mean = (states * weight).sum(1) / weight.sum(1)
        return head(torch.cat([states[:, 0], mean], dim=-1)).squeeze(-1)


def tokenizer(folder: Path, max_length: int = MAX_LENGTH) -> Tokenizer:
    made = Tokenizer.from_file(str(folder / "tokenizer.json"))
    made.no_padding()
    made.enable_truncation(max_length, strategy="only_second")
    return made


def encode(tokens: Tokenizer, pairs: Sequence[tuple[str, str]]) -> list[tuple[list[int], list[int]]]:
    """(ids, token types) of each pair; a question is cut at 60 words so that a text always fits."""
    short = [(" ".join(q.split()[:60]), t) for q, t in pairs]
    return [(e.ids, e.type_ids) for e in tokens.encode_batch(short)]


def forward(model: Selector, encoded: Sequence[tuple[list[int], list[int]]], budget: int = 4096) -> Tensor:
    """(2, n) logits of both heads in the given order; pairs run sorted by length, `budget` padded tokens at a time."""
    order = sorted(range(len(encoded)), key=lambda i: len(encoded[i][0]))
    outputs: list[Tensor] = []
    at = 0
    while at < len(order):
        end = at + 1
        while end < len(order) and (end - at + 1) * len(encoded[order[end]][0]) <= budget:
            end += 1
        rows = [encoded[i] for i in order[at:end]]
        width = -(-max(len(ids) for ids, _ in rows) // 16) * 16  # few different shapes: each costs a compilation
        ids = torch.tensor([i + [0] * (width - len(i)) for i, _ in rows])
        types = torch.tensor([t + [0] * (width - len(t)) for _, t in rows])
        mask = torch.tensor([[1] * len(i) + [0] * (width - len(i)) for i, _ in rows])
        with torch.autocast("cpu", torch.bfloat16):
            outputs.append(torch.stack(model(ids, mask, types)).float())
        at = end
    back = torch.empty(len(order), dtype=torch.long)
    back[torch.tensor(order)] = torch.arange(len(order))
    return torch.cat(outputs, dim=1)[:, back]


def loss_of(logits: Tensor, sizes: Sequence[int], positive: Sequence[bool]) -> Tensor:
    labels = torch.zeros_like(logits)
    ranking, at = [], 0
    for size, good in zip(sizes, positive, strict=False):
        if good:
            labels[at] = 1
            ranking.append(nn.functional.cross_entropy(logits[at : at + size].unsqueeze(0), torch.zeros(1, dtype=torch.long)))
        at += size
    pointwise = nn.functional.binary_cross_entropy_with_logits(logits, labels)
    return (torch.stack(ranking).mean() if ranking else 0) + POINTWISE * pointwise


def agreement(early: Tensor, late: Tensor, sizes: Sequence[int]) -> Tensor:
    """How far the early head's choice within each group is from the last layer's (Kullback-Leibler)."""
    total, at = early.new_zeros(()), 0
    for size in sizes:
        if size > 1:
            wanted = late[at : at + size].detach().softmax(0)
            total = total + nn.functional.kl_div(early[at : at + size].log_softmax(0), wanted, reduction="sum")
        at += size
    return total / max(1, len(sizes))


def read(paths: Sequence[Path], texts: int) -> list[dict]:
    groups = [json.loads(line) for path in paths for line in path.read_text().splitlines()]
    return [group | {"texts": group["texts"][:texts]} for group in groups]


def choose(groups: list[dict], sentences: int, passages: int, chance: random.Random) -> list[dict]:
    """`sentences` and `passages` groups, near misses in their natural share, every set at most a third of its level."""
    chosen: list[dict] = []
    for level, count in (("sentence", sentences), ("passage", passages)):
        pool = [g for g in groups if g["level"] == level]
        chance.shuffle(pool)
        taken: dict[str, int] = {}
        for group in pool:
            if len(chosen) >= count + (sentences if level == "passage" else 0):
                break
            if taken.get(group["dataset"], 0) < count // 3:
                taken[group["dataset"]] = taken.get(group["dataset"], 0) + 1
                chosen.append(group)
    return chosen


def batches(groups: list[dict], pairs: int, chance: random.Random) -> list[list[dict]]:
    """Shuffled batches of about `pairs` sentence pairs (passages count threefold)."""
    groups = groups[:]
    chance.shuffle(groups)
    made, batch, load = [], [], 0
    for group in groups:
        batch.append(group)
        load += len(group["texts"]) * (3 if group["level"] == "passage" else 1)
        if load >= pairs:
            made.append(batch)
            batch, load = [], 0
    return made


def save(model: Selector, start: Path, out: Path) -> None:
    out.mkdir(parents=True, exist_ok=True)
    save_file({k: v.contiguous() for k, v in model.state_dict().items()}, out / "model.safetensors")
    for name in ("config.json", "tokenizer.json"):
        (out / name).write_bytes((start / name).read_bytes())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--groups", type=Path, nargs="+", required=True)
    parser.add_argument("--whole", type=Path, nargs="*", default=[], help="groups that are all taken, beside those drawn")
    parser.add_argument("--start", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--sentences", type=int, default=10_000)
    parser.add_argument("--passages", type=int, default=4_000)
    parser.add_argument("--pairs", type=int, default=256, help="a batch, counted in sentence pairs")
    parser.add_argument("--texts", type=int, default=6, help="texts a group: one answer and its negatives")
    parser.add_argument("--rate", type=float, default=1e-4)
    parser.add_argument("--minutes", type=float, default=60, help="the schedule is shortened to end by then")
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    torch.manual_seed(options.seed)
    torch.set_num_threads(2)
    chance = random.Random(options.seed)
    drawn = choose(read(options.groups, options.texts), options.sentences, options.passages, chance)
    plan = batches(drawn + read(options.whole, options.texts), options.pairs, chance)
    model, tokens = Selector(options.start), tokenizer(options.start)
    head = [*model.head.parameters(), *model.early.parameters()]
    body = [p for p in model.encoder.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(
        [{"params": body, "lr": options.rate}, {"params": head, "lr": options.rate * 10}], weight_decay=0.01
    )
    rates = [g["lr"] for g in optimizer.param_groups]
    model.train()
    began, average = time.time(), None
    for step, batch in enumerate(plan):
        done = max(step / len(plan), (time.time() - began) / (60 * options.minutes))
        if done >= 1:
            break
        for group, rate in zip(optimizer.param_groups, rates, strict=False):
            group["lr"] = rate * min(1, (step + 1) / 30) * (1 - done)
        late, early = forward(model, encode(tokens, [(g["question"], t) for g in batch for t in g["texts"]]))
        sizes, positive = [len(g["texts"]) for g in batch], [g["positive"] for g in batch]
        loss = loss_of(late, sizes, positive)
        loss = loss + EARLY_SHARE * (loss_of(early, sizes, positive) + agreement(early, late, sizes))
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        average = loss.item() if average is None else 0.97 * average + 0.03 * loss.item()
        if step % 20 == 0:
            print(f"step {step}/{len(plan)} loss {average:.3f} {time.time() - began:.0f} s", flush=True)
        if step and step % 150 == 0:
            save(model, options.start, options.out)
    save(model, options.start, options.out)
    print(f"{step + 1} steps, {sum(len(g['texts']) for b in plan[: step + 1] for g in b)} pairs, {time.time() - began:.0f} s")


if __name__ == "__main__":
    main()
