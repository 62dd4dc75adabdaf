"""BEIR folders on which the fusion of search is learned: documents of the open sets that the encoder was not trained on.

    python -m training.sets --units FOLDER --squad FOLDER --out FOLDER

An encoder looks better than it is on what it has learned, and a fusion learned there would trust it too far. So a fifth of the
documents of every set (`is_left_out`), and COVID-QA whole, teach the encoder nothing; what they answer is asked of at most
`POOL` passages. Of the SQuAD 2.0 part, which the encoder never sees, it is the half that no result counts (`training.traps`).
"""

from __future__ import annotations

import argparse
import json
import random
import zlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from training.data import SEED, Document, Question
from training.mine import DEV_SET, Passage, Set, cut, is_dev, read
from training.traps import is_training
from training.written import FOLDER as WRITTEN

SETS = ("qamr", "conditionalqa", "fairytaleqa", "hotpotqa", "clapnq", "tydiqa", DEV_SET)
LEFT_OUT = 15
"""Percent of the documents, beside those `training.mine` leaves for development."""
QUESTIONS, POOL, WORDS = 300, 1000, 110


def is_left_out(document: str) -> bool:
    """Whether the encoder is not to be trained on the questions of a document (its id names its set)."""
    return is_dev(document) or zlib.crc32(b"fusion " + document.encode()) % 100 < LEFT_OUT


def left_out(units: Path) -> set[str]:
    """The questions the encoder is not to be trained on: of the open sets, and written here on their paragraphs."""
    asked = [(q.text, [a[0] for a in q.answers]) for q in read(units / "questions.jsonl", Question)]
    rows = map(json.loads, (WRITTEN / "open.jsonl").read_text(encoding="utf-8").splitlines())
    asked += [(row["question"], [row["document"]]) for row in rows]
    return {text for text, documents in asked if any(map(is_left_out, documents))}


def chosen(name: str, documents: dict[str, Document], questions: Sequence[Question]) -> tuple[list[Question], Set]:
    """(up to `QUESTIONS` questions on documents left out, the passages they are asked of, those of other documents last)."""
    chance = random.Random(SEED)
    own = {k: d for k, d in documents.items() if d.dataset == name}
    asked = [q for q in questions if q.dataset == name and any(is_left_out(a[0]) for a in q.answers)]
    asked = chance.sample(asked, min(len(asked), QUESTIONS))
    needed = list(dict.fromkeys(a[0] for q in asked for a in q.answers))
    fill = [k for k in own if k not in needed and (is_left_out(k) or name != DEV_SET)]
    chance.shuffle(fill)
    passages: list[Passage] = []
    for k in [*needed, *sorted(fill, key=lambda k: not is_left_out(k))]:
        if k in needed or len(passages) < POOL:
            passages += cut(own[k], WORDS, len(passages))
    return asked, Set(own, passages)


def write_folder(
    folder: Path, rows: Iterable[dict[str, str]], asked: Sequence[tuple[str, str]], gold: dict[str, list[str]]
) -> None:
    (folder / "qrels").mkdir(parents=True, exist_ok=True)
    with (folder / "corpus.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    with (folder / "queries.jsonl").open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({"_id": id, "text": text}, ensure_ascii=False) + "\n" for id, text in asked)
    with (folder / "qrels" / "test.tsv").open("w", encoding="utf-8") as file:
        file.write("query-id\tcorpus-id\tscore\n")
        file.writelines(f"{id}\t{row}\t1\n" for id, _ in asked for row in gold[id])


def open_set(name: str, documents: dict[str, Document], questions: Sequence[Question], folder: Path) -> int:
    asked, data = chosen(name, documents, questions)
    rows = [{"_id": f"p{p.id}", "title": p.title, "text": p.text} for p in data.passages]
    gold = {q.id: [f"p{n}" for n in sorted(data.gold(q))] for q in asked}
    found = [(q.id, q.text) for q in asked if gold[q.id]]
    write_folder(folder, rows, found, gold)
    return len(found)


def squad_half(squad: Path, folder: Path) -> int:
    """The answerable questions of the half that is trained on, over all paragraphs of the part."""
    rows = [json.loads(line) for line in (squad / "corpus.jsonl").read_text(encoding="utf-8").splitlines()]
    kept: list[tuple[str, str]] = []
    gold: dict[str, list[str]] = {}
    for row in map(json.loads, (squad / "queries.jsonl").read_text(encoding="utf-8").splitlines()):
        about = row["metadata"]
        if is_training(about["paragraph"]) and not about["is_impossible"]:
            kept.append((row["_id"], row["text"]))
            gold[row["_id"]] = [about["paragraph"]]
    kept = random.Random(SEED).sample(kept, min(len(kept), QUESTIONS))
    write_folder(folder, ({key: row[key] for key in ("_id", "title", "text")} for row in rows), kept, gold)
    return len(kept)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--units", type=Path, required=True, help="what training.data wrote")
    parser.add_argument("--squad", type=Path, required=True, help="a BEIR folder with answers and traps")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    documents = {d.id: d for d in read(options.units / "documents.jsonl", Document)}
    questions = list(read(options.units / "questions.jsonl", Question))
    for name in SETS:
        print(name, open_set(name, documents, questions, options.out / name), "questions", flush=True)
    print("squad-half", squad_half(options.squad, options.out / "squad-half"), "questions")


if __name__ == "__main__":
    main()
