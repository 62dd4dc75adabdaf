"""Training groups: the trained half of SQuAD is never asked, and no negative is a positive in disguise."""

from __future__ import annotations

import json
import random
from pathlib import Path

from casebook.library import Library
from evals.beir import BeirSet
from evals.held_out import may_ask, unseen
from ingest import expansions
from training import traps, written
from training.mine import BM25


def test_the_halves_go_by_article() -> None:
    assert traps.article("d-Oxygen_(gas)-part-7") == "Oxygen_(gas)-part"
    assert traps.is_training("d-Normans-0") == traps.is_training("d-Normans-31")


def test_questions_on_the_trained_half_are_not_asked_again() -> None:
    names = [f"d-{chr(65 + i)}rticle-0" for i in range(20)]
    queries = [(str(i), "?") for i in range(20)]
    qrels = {str(i): {name: 1} for i, name in enumerate(names)}
    left = unseen(BeirSet("squad2", [(name, "", "text") for name in names], queries, qrels))
    assert 0 < len(left.queries) < 20
    assert not any(traps.is_training(names[int(id)]) for id, _ in left.queries)
    assert set(left.qrels) == {id for id, _ in left.queries}
    assert len(left.rows) == 20
    assert all(may_ask("hotpot100", [name]) for name in names)


def test_groups_of_a_squad_part(tmp_path: Path) -> None:
    title = next(name for name in "abcdefgh" if traps.is_training(f"d-{name}-0"))
    other = next(name for name in "abcdefgh" if not traps.is_training(f"d-{name}-0"))
    texts = {
        f"d-{title}-0": "The mill opened in 1901. It closed after the flood of 1936. Wool was spun there.",
        f"d-{title}-1": "A school opened in the mill in 1950. It taught weaving. The town paid for it.",
        f"d-{other}-0": "Nothing of this article may be trained on. It is left for measuring.",
    }
    (tmp_path / "corpus.jsonl").write_text("".join(json.dumps({"_id": i, "text": t}) + "\n" for i, t in texts.items()))
    rows = [
        ("When did the mill open?", f"d-{title}-0", ["1901"]),
        ("Who opened the mill in 1936?", f"d-{title}-0", []),
        ("What is left for measuring?", f"d-{other}-0", ["Nothing"]),
    ]
    lines = [
        {
            "_id": str(n),
            "text": q,
            "metadata": {"paragraph": p, "answers": [{"text": a} for a in spans], "is_impossible": not spans},
        }
        for n, (q, p, spans) in enumerate(rows)
    ]
    (tmp_path / "queries.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    groups = list(traps.squad_groups(tmp_path, random.Random(1)))
    assert {g["question"] for g in groups} == {rows[0][0], rows[1][0]}
    for group in groups:
        assert group["positive"] == (group["question"] == rows[0][0])
        if group["positive"]:
            assert "1901" in group["texts"][0]
            assert not any("1901" in text for text in group["texts"][1:])


def test_what_may_say_the_same_is_no_negative() -> None:
    answer = "The district closed nine elementary schools in June 2010."
    assert written.alike("In June 2010 nine elementary schools were closed by the district.", answer)
    assert not written.alike("The district hired nine coaches.", answer)
    assert BM25.terms(answer)


def test_written_questions_stand_on_their_pages(library: Library) -> None:
    units = written.collection_units(library.settings.data)
    trained = [question for unit in units for question in unit.asked]
    held_out = [question for unit in units for question in unit.held_out]
    lines = [json.loads(line) for line in (written.FOLDER / "collection.jsonl").read_text().splitlines()]
    kept = sum("answered" not in line for line in lines)
    kept += sum(len(line.questions) for line in expansions.read(library.settings.collection) if line.trained)
    assert len(trained) + len(held_out) == kept
    assert 0.15 < len(held_out) / len(trained) < 0.45
    assert not {text for *_, text in trained} & {text for *_, text in held_out}
    assert all(0 <= sentence < len(unit.sentences) for unit in units for sentence, kind, _ in unit.asked if kind != "trap")
