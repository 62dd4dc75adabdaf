"""Questions written for this project become groups: on the collection's own pages and on open paragraphs.

    python -m training.written --data DATA --units FOLDER --encoder FOLDER --out FILE

What the collection answers stands in its own `questions.jsonl` (`ingest.expansions`); only what is marked "trained" there is
trained on, and none of it belongs to a passage that holds gold evidence, as first written, of a test question
(`evals/questions.jsonl`).
`questions/collection.jsonl` has the near misses, and what was held out: {document, page, quote, kind, question}.
`questions/open.jsonl` asks of paragraphs of the open sets: {document, paragraph, sentence, kind, question}. Kinds: "q" the
sentence answers it; "p" it does, in other words; "n" a near miss, which the sentence does not answer; "trap" a near miss that
nothing in the whole passage answers. "held_out" marks questions that are not trained on, those of every fourth passage of the
collection and of 220 open paragraphs;
"answered" the near misses among them that another passage turned out to answer: left out.
"""

from __future__ import annotations

import argparse
import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ingest import expansions
from ingest.expansions import one_line
from training.data import SEED
from training.mine import BM25, encode, fuse, overlap, write

FOLDER = Path(__file__).with_name("questions")
NEGATIVES = 5
ALIKE = 0.5
"""A negative sharing this much of the answer's words may say the same, and is not used."""
SWAPS = 0.5
"""Share of the questions about one system that are also asked of another, as near misses."""


Asked = tuple[int, str, str]


@dataclass
class Unit:
    """A passage with its sentences; `lead` is the system it is about. `asked` holds (sentence or -1, kind, question)
    to train on, `held_out` those that are left for `evals.calibrate`."""

    id: str
    lead: str
    heading: str
    sentences: list[str]
    asked: list[Asked] = field(default_factory=list)
    held_out: list[Asked] = field(default_factory=list)

    def shown(self, sentence: int) -> str:
        """A sentence as `answer.evidence.shown` gives it to the selector."""
        text = self.sentences[sentence]
        return f"{self.lead}. {text}" if self.lead else text

    @property
    def body(self) -> str:
        text = " ".join(self.sentences)
        return f"{self.heading}. {text}" if self.heading else text


def collection_units(data: Path, file: Path = FOLDER / "collection.jsonl") -> list[Unit]:
    """The passages asked about, with their questions; a question whose sentence is gone is left out."""
    from answer.quotable import sentence_text
    from casebook.library import Library
    from casebook.settings import load

    settings = load(data=data)
    snapshot = Library(settings).snapshot
    units: dict[str, Unit] = {}
    starts: dict[tuple[str, int, str], tuple[str, int]] = {}
    for passage in snapshot.all_passages():
        told = [one_line(sentence_text(passage, i)) for i in range(len(passage.sentences))]
        units[passage.id] = Unit(passage.id, snapshot.documents[passage.document].system, passage.heading, told)
        for number, text in enumerate(told):
            starts.setdefault((passage.document, passage.page, expansions.opening(text)), (passage.id, number))
    for line in expansions.read(settings.collection):
        if line.trained and (found := starts.get((line.document, line.page, line.quote))):
            units[found[0]].asked.extend((found[1], "q", question) for question in line.questions)
    for row in map(json.loads, file.read_text().splitlines()):
        found = starts.get((row["document"], row["page"], row["quote"]))
        if found and not row.get("answered"):
            sentence = -1 if row["kind"] == "trap" else found[1]
            unit = units[found[0]]
            (unit.held_out if row.get("held_out") else unit.asked).append((sentence, row["kind"], row["question"]))
    return [unit for unit in units.values() if unit.asked or unit.held_out]


def open_units(folder: Path, file: Path = FOLDER / "open.jsonl") -> list[Unit]:
    """Paragraphs of the open sets (`training.data` wrote them) with their questions."""
    asked = defaultdict(list)
    for row in map(json.loads, file.read_text().splitlines()):
        place = row["document"], row["paragraph"], bool(row.get("held_out"))
        asked[place].append((row["sentence"], row["kind"], row["question"]))
    units = []
    for document in map(json.loads, (folder / "documents.jsonl").read_text().splitlines()):
        for number, paragraph in enumerate(document["paragraphs"]):
            questions, held_out = (asked.get((document["id"], number, held), []) for held in (False, True))
            if questions or held_out:
                units.append(Unit(f"{document['id']}#{number}", "", document["title"], paragraph, questions, held_out))
    return units


def groups(units: Sequence[Unit], name: str, encoder: Path, chance: random.Random) -> Iterator[dict[str, object]]:
    places = [(u, s) for u in range(len(units)) for s in range(len(units[u].sentences))]
    told = [units[u].shown(s) for u, s in places]
    bodies = [unit.body for unit in units]
    asked = [(u, *question) for u, unit in enumerate(units) for question in unit.asked]
    vectors = encode([question for *_, question in asked], encoder, 64)
    near = vectors @ encode(told, encoder, 64).T
    wide = vectors @ encode(bodies, encoder, 160).T
    words, broad = BM25(told), BM25(bodies)
    leads = sorted({unit.lead for unit in units if unit.lead})
    for row, (u, sentence, kind, question) in enumerate(asked):
        unit = units[u]
        record = {"dataset": name, "level": "sentence", "question": question, "positive": kind in "qp"}
        if kind == "n":
            yield record | {"texts": [unit.shown(sentence)]}
            continue
        if kind == "trap":
            best = overlap(question, unit.sentences)[:3]
            yield record | {"texts": [unit.shown(s) for s in best]}
            yield record | {"level": "passage", "texts": [unit.body]}
            continue
        answer = unit.sentences[sentence]
        ranked = np.argsort(-fuse(words.scores(question), near[row]))[:16]
        wrong = [told[i] for i in ranked if told[i] != unit.shown(sentence) and not alike(told[i], answer)]
        yield record | {"texts": [unit.shown(sentence), *dict.fromkeys(wrong[:NEGATIVES])]}
        order = np.argsort(-fuse(broad.scores(question), wide[row]))[:12]
        rivals = [bodies[i] for i in order if i != u and not alike(bodies[i], answer)]
        yield record | {"level": "passage", "texts": [unit.body, *rivals[: NEGATIVES - 1]]}
        if unit.lead and unit.lead in question and chance.random() < SWAPS:
            swapped = question.replace(unit.lead, chance.choice([lead for lead in leads if lead != unit.lead]))
            yield record | {"question": swapped, "texts": [unit.shown(sentence)], "positive": False}


def alike(text: str, answer: str) -> bool:
    """Whether a text holds most of the answer's words, and so may say the same."""
    wanted = set(BM25.terms(answer))
    return len(wanted & set(BM25.terms(text))) >= ALIKE * max(1, len(wanted))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="a data folder with the bundled collection")
    parser.add_argument("--units", type=Path, help="what training.data wrote")
    parser.add_argument("--encoder", type=Path, required=True, help="folder of all-MiniLM-L6-v2")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    chance = random.Random(SEED)
    with options.out.open("w") as file:
        for name, units in (
            ("written", collection_units(options.data) if options.data else []),
            ("written_open", open_units(options.units) if options.units else []),
        ):
            for group in groups(units, name, options.encoder, chance) if units else ():
                write(file, group)


if __name__ == "__main__":
    main()
