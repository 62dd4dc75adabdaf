"""Half of the articles of a SQuAD 2.0 part become groups, its trap questions included.

    python -m training.traps --squad FOLDER --out FILE          # a BEIR folder with answers and traps

The articles are split by a hash of their title (`is_training`): one half is trained on, the other half is left for
measuring. A trap shares its paragraph's words and asks what it does not say (Rajpurkar et al. 2018): its texts are negatives.
"""

from __future__ import annotations

import argparse
import json
import random
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from training.data import SEED, sentences
from training.mine import BM25, holds, overlap, write

NEGATIVES = 5


def article(paragraph: str) -> str:
    """'d-Normans-0' -> 'Normans'"""
    return paragraph.split("-", 1)[1].rsplit("-", 1)[0]


def is_training(paragraph: str) -> bool:
    """Whether the paragraph's article belongs to the half that is trained on."""
    return zlib.crc32(article(paragraph).encode()) % 2 == 0


def squad_groups(folder: Path, chance: random.Random) -> Iterator[dict[str, object]]:
    """Sentence and passage groups of the training half."""
    rows = [json.loads(line) for line in (folder / "corpus.jsonl").read_text().splitlines()]
    texts = {row["_id"]: row["text"] for row in rows if is_training(row["_id"])}
    ids = list(texts)
    split = {id: sentences(text) for id, text in texts.items()}
    words = BM25(list(texts.values()))
    for line in (folder / "queries.jsonl").read_text().splitlines():
        row = json.loads(line)
        about = row["metadata"]
        if about["paragraph"] not in texts:
            continue
        home, question = about["paragraph"], row["text"]
        order = [ids[i] for i in np.argsort(-words.scores(question))[:12] if ids[i] != home]
        spans = [a["text"] for a in about["answers"]]
        yield from _groups(question, home, spans, about["is_impossible"], order, texts, split, chance)


def _groups(
    question: str,
    home: str,
    spans: Sequence[str],
    trap: bool,
    order: Sequence[str],
    texts: dict[str, str],
    split: dict[str, list[str]],
    chance: random.Random,
) -> Iterator[dict[str, object]]:
    span = spans[0] if spans else ""
    own = [s for s in split[home] if len(s.split()) >= 3]
    far = [s for id in order[:6] for s in split[id] if not holds(span, s) and len(s.split()) >= 4]
    far = [far[i] for i in overlap(question, far)[:4]]
    others = [texts[id] for id in order if not holds(span, texts[id])][: NEGATIVES - 1]
    record = {"dataset": "squad_traps" if trap else "squad", "question": question, "positive": not trap}
    if trap:
        near = [own[i] for i in overlap(question, own)[:3]]
        yield record | {"level": "sentence", "texts": near}
        yield record | {"level": "passage", "texts": [texts[home]]}
        return
    right = [s for s in own if any(holds(x, s) or x in s for x in spans)]
    if right:
        best = right[0] if len(right) == 1 else right[overlap(question, right)[0]]
        near = [s for s in own if s not in right]
        chance.shuffle(near)
        yield record | {"level": "sentence", "texts": list(dict.fromkeys([best, *near[:3], *far]))[: NEGATIVES + 1]}
    yield record | {"level": "passage", "texts": [texts[home], *others]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--squad", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    chance = random.Random(SEED)
    with options.out.open("w") as file:
        for group in squad_groups(options.squad, chance):
            write(file, group)


if __name__ == "__main__":
    main()
