"""Public question-answering sets become one form: documents of sentences, and questions with their answer sentences.

    python -m training.data --sources FOLDER --held-out FOLDER --out FOLDER

`--sources` holds one checkout a set, named as its repository (README.md lists addresses, revisions and licences).
`--held-out` holds the evaluation sets (BEIR folders: corpus.jsonl, queries.jsonl) nothing may be trained on: a training
paragraph that shares a run of 13 words with one of their passages is dropped, and so is a question that repeats one of theirs.

Written: documents.jsonl {id, dataset, title, paragraphs: [[sentence, ...], ...]} and questions.jsonl
{id, dataset, text, answers: [[document, paragraph, sentence], ...], span}; sentence -1 means "the whole paragraph".
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

SEED = 13
RUN = 13  # words in a row that make two texts "the same"

_ABBREVIATIONS = r"(?<!\bMr)(?<!\bMrs)(?<!\bDr)(?<!\bSt)(?<!\bvs)(?<!\bNo)(?<!\be\.g)(?<!\bi\.e)(?<!\bal)(?<!\bFig)(?<!\b[A-Z])"
_BOUNDARY = re.compile(_ABBREVIATIONS + r"(?<=[.!?])[\"')\]]*\s+(?=[\"'(\[]?[A-Z0-9])")
_WORD = re.compile(r"\w+")


@dataclass
class Document:
    id: str
    dataset: str
    title: str
    paragraphs: list[list[str]]


@dataclass
class Question:
    id: str
    dataset: str
    text: str
    answers: list[tuple[str, int, int]]
    span: str = ""  # a short answer; a text containing it is never used as a negative


@dataclass
class Part:
    """What one set contributes."""

    documents: dict[str, Document] = field(default_factory=dict)
    questions: list[Question] = field(default_factory=list)

    def add(self, dataset: str, key: str, title: str, paragraphs: list[list[str]]) -> Document:
        name = f"{dataset}:{key}"
        return self.documents.setdefault(name, Document(name, dataset, title, paragraphs))

    def ask(self, dataset: str, text: str, answers: list[tuple[str, int, int]], span: str = "") -> None:
        if answers and len(text.split()) >= 3:
            self.questions.append(Question(f"{dataset}:q{len(self.questions)}", dataset, squeeze(text), answers, span))


def squeeze(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip()


def words(text: str) -> list[str]:
    """'The Norse-men' -> ['the', 'norse', 'men']"""
    return _WORD.findall(text.lower())


def sentences(text: str) -> list[str]:
    """'He left. She stayed.' -> ['He left.', 'She stayed.']"""
    return [s for s in _BOUNDARY.split(squeeze(text)) if s]


def detokenize(text: str) -> str:
    """'`` Yes , '' he said' -> '"Yes," he said' (Penn Treebank spacing undone)"""
    for old, new in (("-LRB- ", "("), (" -RRB-", ")"), ("`` ", '"'), (" ''", '"'), (" n't", "n't")):
        text = text.replace(old, new)
    return squeeze(re.sub(r" ([.,;:?!%)]|'s\b|'\B)", r"\1", text))


def best_sentence(answer: str, candidates: list[str], floor: float = 0.8) -> int | None:
    """The sentence holding most of the answer's words; None when it holds less than `floor` of them."""
    wanted = set(words(answer))
    if not wanted:
        return None
    shares = [len(wanted & set(words(s))) / len(wanted) for s in candidates]
    top = max(range(len(shares)), key=shares.__getitem__, default=None)
    return top if top is not None and shares[top] >= floor else None


def at_offset(found: str, offset: int, context: str, candidates: list[str]) -> int | None:
    """The sentence in which the answer at `offset` of `context` lies."""
    seen = len(squeeze(context[:offset]))
    for i, sentence in enumerate(candidates):
        if seen < len(sentence) + 1:
            return i if words(found)[:1] and words(found)[0] in words(sentence) else None
        seen -= len(sentence) + 1
    return None


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def rows(path: Path, delimiter: str = ",") -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(
            csv.DictReader(file, delimiter=delimiter, quoting=csv.QUOTE_MINIMAL if delimiter == "," else csv.QUOTE_NONE)
        )


def selqa(root: Path) -> Part:
    part = Part()
    for name in ("dev", "test"):
        for item in load(root / f"selqa/ass/selqa-ass-{name}.json"):
            document = part.add("selqa", item["article"], item["article"], [])
            if item["candidates"] not in document.paragraphs:
                document.paragraphs.append(item["candidates"])
            number = document.paragraphs.index(item["candidates"])
            part.ask("selqa", item["question"], [(document.id, number, i) for i in item["answers"]])
    return part


def fairytaleqa(root: Path) -> Part:
    part = Part()
    base = root / "FairytaleQAData/data-by-train-split"
    for path in sorted((base / "questions/train").glob("*-questions.csv")):
        story = path.name.removesuffix("-questions.csv")
        sections = rows(base / f"section-stories/train/{story}-story.csv")
        place = {row["section"]: i for i, row in enumerate(sections)}
        document = part.add("fairytaleqa", story, story.replace("-", " "), [sentences(r["text"]) for r in sections])
        for row in rows(path):
            number = place.get(row["cor_section"].strip())
            if number is None or row["ex-or-im1"].strip() != "explicit":
                continue
            found = best_sentence(row["answer1"], document.paragraphs[number])
            if found is not None:
                part.ask("fairytaleqa", row["question"], [(document.id, number, found)], row["answer1"])
    return part


def tydiqa(root: Path) -> Part:
    part = Part()
    data = load(root / "tydiqa-language-specific/language_data/english/english_tydiqa_train.json")["data"]
    for n, item in enumerate(data):
        for paragraph in item["paragraphs"]:
            split = sentences(paragraph["context"])
            document = part.add("tydiqa", str(n), item["title"], [split])
            for qa in paragraph["qas"]:
                answer = qa["answers"][0]
                found = at_offset(answer["text"], answer["answer_start"], paragraph["context"], split)
                if found is not None:
                    part.ask("tydiqa", qa["question"].rstrip("?") + "?", [(document.id, 0, found)], answer["text"])
    return part


def covidqa(root: Path) -> Part:
    part = Part()
    for n, item in enumerate(load(root / "COVID-QA/data/question-answering/200423_covidQA.json")["data"]):
        context = item["paragraphs"][0]["context"]
        starts: list[tuple[int, int]] = []
        paragraphs: list[list[str]] = []
        for match in re.finditer(r"(?s).+?(?:\n\s*\n|\Z)", context):
            if len(match.group().split()) > 15 and len(paragraphs) < 60:
                starts.append((match.start(), match.end()))
                paragraphs.append(sentences(match.group()))
        document = part.add("covidqa", str(n), squeeze(context.split("\n\n")[0])[:120], paragraphs)
        for qa in item["paragraphs"][0]["qas"]:
            for answer in qa["answers"][:1]:
                for number, (start, end) in enumerate(starts):
                    if start <= answer["answer_start"] < end:
                        found = at_offset(
                            answer["text"], answer["answer_start"] - start, context[start:end].lstrip(), paragraphs[number]
                        )
                        if found is not None:
                            part.ask(
                                "covidqa", qa["question"].rstrip("?") + "?", [(document.id, number, found)], answer["text"]
                            )
    return part


def tatqa(root: Path) -> Part:
    part = Part()
    for name in ("dev", "test_gold"):
        for n, item in enumerate(load(root / f"TAT-QA/dataset_raw/tatqa_dataset_{name}.json")):
            document = part.add("tatqa", f"{name}{n}", "", [sentences(p["text"]) for p in item["paragraphs"]])
            order = {str(p["order"]): i for i, p in enumerate(item["paragraphs"])}
            for qa in item["questions"]:
                if qa["answer_type"] != "span" or qa["answer_from"] != "text":
                    continue
                for key in qa["rel_paragraphs"]:
                    number, answer = order.get(str(key), -1), str(qa["answer"][0])
                    found = best_sentence(answer, document.paragraphs[number], 1.0) if number >= 0 else None
                    if found is not None:
                        part.ask("tatqa", qa["question"], [(document.id, number, found)], answer)
                        break
    return part


def conditionalqa(root: Path) -> Part:
    """The pages themselves are not needed: each page is stood for by all the evidence quoted from it."""
    part = Part()
    items = [i for name in ("train", "dev") for i in load(root / f"ConditionalQA/v1_0/{name}.json")]
    strip = lambda html: squeeze(re.sub(r"<[^>]+>", " ", html))  # noqa: E731
    pages: dict[str, list[str]] = defaultdict(list)
    for item in items:
        for evidence in map(strip, item["evidences"]):
            if len(evidence.split()) >= 6 and evidence not in pages[item["url"]]:
                pages[item["url"]].append(evidence)
    for item in items:
        held = [e for e in map(strip, item["evidences"]) if len(e.split()) >= 6]
        slug = item["url"].rstrip("/").rsplit("/", 1)[-1]
        if held and len(pages[item["url"]]) > 6:
            document = part.add("conditionalqa", slug, slug.replace("-", " "), [[e] for e in pages[item["url"]]])
            places = [(document.id, pages[item["url"]].index(e), 0) for e in held]
            part.ask("conditionalqa", item["question"], places)
    return part


def pubmedqa(root: Path) -> Part:
    part = Part()
    for key, item in load(root / "pubmedqa/data/ori_pqal.json").items():
        paragraphs = [sentences(t) for t in [*item["CONTEXTS"], item["LONG_ANSWER"]]]
        document = part.add("pubmedqa", key, "", paragraphs)
        last = len(paragraphs) - 1
        part.ask("pubmedqa", item["QUESTION"], [(document.id, last, i) for i in range(len(paragraphs[last]))])
    return part


def clapnq(root: Path) -> Part:
    part = Part()
    for row in rows(root / "clapnq/retrieval/train/question_train_answerable.tsv", "\t"):
        answer = detokenize((row["answers"] or "").split("::")[0])
        if 12 <= len(answer.split()) <= 110:
            document = part.add("clapnq", row["id"], "", [sentences(answer)])
            part.ask("clapnq", row["question"], [(document.id, 0, -1)])
    return part


def medquad(root: Path) -> Part:
    part = Part()
    for path in sorted((root / "MedQuAD").glob("*/*.xml")):
        tree = ElementTree.parse(path).getroot()
        title = squeeze(tree.findtext("Focus") or "")
        pairs = [(squeeze(p.findtext("Question") or ""), p.findtext("Answer") or "") for p in tree.iter("QAPair")]
        pairs = [(q, squeeze(a)) for q, a in pairs if len(a.split()) >= 20]
        if not pairs:
            continue
        document = part.add("medquad", path.stem + path.parent.name[:2], title, [sentences(a)[:6] for _, a in pairs])
        for number, (question, _) in enumerate(pairs):
            text = question.replace("What is (are)", "What is").replace(" ?", "?")
            part.ask("medquad", text, [(document.id, number, -1)])
    return part


def evidence_inference(root: Path) -> Part:
    part = Part()
    base = root / "evidence-inference/annotations"
    prompts = {row["PromptID"]: row for row in rows(base / "prompts_merged.csv")}
    asked: set[str] = set()
    for row in rows(base / "v2_annotations.csv"):
        path, prompt = base / f"txt_files/PMC{row['PMCID']}.txt", prompts.get(row["PromptID"])
        usable = row["Valid Reasoning"] == "True" and row["Valid Label"] == "True" and row["PromptID"] not in asked
        if not (prompt and usable and path.exists() and 60 <= len(row["Annotations"]) <= 500):
            continue
        asked.add(row["PromptID"])
        text = path.read_text(encoding="utf-8")
        split = [sentences(p) for p in text.split("\n") if 25 <= len(p.split()) <= 400]
        document = part.add("evidence", row["PMCID"], squeeze(text[:150].split("\n")[0].replace("TITLE:", "")), split[:14])
        places = [
            (document.id, n, s)
            for n, p in enumerate(document.paragraphs)
            if (s := best_sentence(row["Annotations"], p, 0.9)) is not None
        ]
        outcome, left, right = (squeeze(prompt[k]) for k in ("Outcome", "Intervention", "Comparator"))
        shapes = (
            f"What was the effect of {left} on {outcome} compared with {right}?",
            f"How did {left} change {outcome}, compared with {right}?",
            f"Did {outcome} differ between {left} and {right}?",
        )
        part.ask("evidence", shapes[len(asked) % 3], places[:3])
    return part


def qamr(root: Path) -> Part:
    part = Part()
    texts = dict(
        line.split("\t")[:2] for line in (root / "qamr/data/wiki-sentences.tsv").read_text(encoding="utf-8").splitlines()
    )
    pages: dict[str, list[str]] = defaultdict(list)
    for key in texts:
        pages[":".join(key.split(":")[:3])].append(key)
    taken: dict[str, int] = defaultdict(int)
    for name in ("dev", "test"):
        for line in (root / f"qamr/data/filtered/{name}.tsv").read_text(encoding="utf-8").splitlines():
            key, question = line.split("\t")[0], line.split("\t")[5]
            page = ":".join(key.split(":")[:3])
            if key in texts and len(question.split()) >= 5 and taken[key] < 2:
                taken[key] += 1
                document = part.add("qamr", page, "", [[detokenize(texts[k])] for k in pages[page]])
                part.ask("qamr", detokenize(question), [(document.id, pages[page].index(key), 0)])
    return part


def hotpotqa(root: Path) -> Part:
    """Two small samples of the HotpotQA development set that public repositories carry."""
    part = Part()
    for item in load(root / "Meve-framework/data/hotpot_dev_distractor_v1.json"):
        context = item["context"]
        pairs = list(zip(context["title"], context["sentences"], strict=False)) if isinstance(context, dict) else context
        for title, split in pairs:
            part.add("hotpotqa", title, title, [[squeeze(s) for s in split]])
        facts = item["supporting_facts"]
        named = list(zip(facts["title"], facts["sent_id"], strict=False)) if isinstance(facts, dict) else facts
        known = {d.title: d for d in part.documents.values()}
        part.ask(
            "hotpotqa",
            item["question"],
            [(known[t].id, 0, i) for t, i in named if t in known and i < len(known[t].paragraphs[0])],
        )
    base = root / "cs6120-hotpotqa-retrieval-failure-analysis"
    lines = (
        (base / "docs/manual_review_v1/references/pooled_corpus_validation_500_title_text.jsonl")
        .read_text(encoding="utf-8")
        .splitlines()
    )
    for item in map(json.loads, lines):
        part.add("hotpotqa", item["title"], item["title"], [sentences(item["text"])])
    asked = {q.text for q in part.questions}
    for row in rows(base / "results/bm25_results.csv"):
        if row["setting"] == "pooled" and squeeze(row["question"]) not in asked:
            gold = [f"hotpotqa:{t}" for t in row["gold_titles"].split(" | ")]
            part.ask("hotpotqa", row["question"], [(d, 0, -1) for d in gold if d in part.documents])
    return part


READERS: dict[str, Callable[[Path], Part]] = {
    "selqa": selqa, "fairytaleqa": fairytaleqa, "tydiqa": tydiqa, "covidqa": covidqa, "tatqa": tatqa,
    "conditionalqa": conditionalqa, "pubmedqa": pubmedqa, "clapnq": clapnq, "medquad": medquad,
    "evidence": evidence_inference, "qamr": qamr, "hotpotqa": hotpotqa,
}  # fmt: skip
MOST = {"medquad": 2500, "conditionalqa": 1500, "evidence": 1500}  # questions kept of the larger, more uniform sets


def runs(text: str) -> Iterator[int]:
    """Hashes of every run of RUN words; a shorter text gives one hash of the whole."""
    tokens = words(text)
    for i in range(max(1, len(tokens) - RUN + 1)):
        yield hash(tuple(tokens[i : i + RUN]))


class HeldOut:
    """The check that no evaluation text is trained on."""

    def __init__(self, folder: Path) -> None:
        self.runs: set[int] = set()
        self.questions: set[str] = set()
        self.stories: set[str] = set()
        for path in sorted(folder.glob("*/corpus.jsonl")):
            for item in map(json.loads, path.read_text(encoding="utf-8").splitlines()):
                self.runs.update(runs(item["text"]))
                if path.parent.name == "fairytaleqa":
                    self.stories.add("-".join(words(item["_id"].split("#")[0])))
            for item in map(json.loads, (path.parent / "queries.jsonl").read_text(encoding="utf-8").splitlines()):
                self.questions.add(" ".join(words(item["text"])))

    def has_text(self, sentence_list: list[str]) -> bool:
        return len(text := " ".join(sentence_list)) > 0 and len(words(text)) >= RUN and any(r in self.runs for r in runs(text))

    def has_question(self, text: str) -> bool:
        return " ".join(words(text)) in self.questions

    def has_story(self, document: Document) -> bool:
        return document.dataset == "fairytaleqa" and "-".join(words(document.id.split(":", 1)[1])) in self.stories


def clean(part: Part, held: HeldOut) -> tuple[Part, dict[str, int]]:
    """Drop what overlaps: a story or paragraph (with its questions), or a question. A dropped paragraph stays as []."""
    kept, dropped = Part(), {"documents": 0, "paragraphs": 0, "questions": 0}
    for document in part.documents.values():
        if held.has_story(document):
            dropped["documents"] += 1
            continue
        for number, paragraph in enumerate(document.paragraphs):
            if paragraph and held.has_text(paragraph):
                document.paragraphs[number] = []
                dropped["paragraphs"] += 1
        kept.documents[document.id] = document
    for question in part.questions:
        alive = all(d in kept.documents and kept.documents[d].paragraphs[p] for d, p, _ in question.answers)
        if alive and not held.has_question(question.text):
            kept.questions.append(question)
        else:
            dropped["questions"] += 1
    return kept, dropped


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=Path, required=True)
    parser.add_argument("--held-out", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    held, chance = HeldOut(options.held_out), random.Random(SEED)
    with (options.out / "documents.jsonl").open("w") as documents, (options.out / "questions.jsonl").open("w") as questions:
        for name, reader in READERS.items():
            part, dropped = clean(reader(options.sources), held)
            if len(part.questions) > MOST.get(name, 10**9):
                part.questions = chance.sample(part.questions, MOST[name])
            used = {a[0] for q in part.questions for a in q.answers} if name not in ("hotpotqa",) else set(part.documents)
            for document in part.documents.values():
                if document.id in used:
                    documents.write(json.dumps(asdict(document)) + "\n")
            for question in part.questions:
                questions.write(json.dumps(asdict(question)) + "\n")
            print(f"{name}: {len(used)} documents, {len(part.questions)} questions, dropped {dropped}", flush=True)


if __name__ == "__main__":
    main()
