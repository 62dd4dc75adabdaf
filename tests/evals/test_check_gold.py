"""The gold checker: one row that passes, and for every rule a change that it must name."""

import json

import pytest

from evals.check_gold import GOLD, check, counts, read_gold, relocate, stems

PAGES = {"boston": ("Nothing here.", "Teachers’ hours grew[3]. Five schools left: Harbor, Trotter and others[4,5].")}
EVIDENCE = {"document": "boston", "page": 2, "quote": "Five schools left: Harbor, Trotter and others[4,5]."}


def row(**changes):
    given = {
        "id": "g-1",
        "question": "Which campuses improved?",
        "kind": "list",
        "systems": ["Boston"],
        "themes": ["results"],
        "answerable": True,
        "evidence": [dict(EVIDENCE)],
        "items": ["Harbor", "Trotter and others"],
        "split": "dev",
    }
    given.update(changes)
    return {key: value for key, value in given.items() if value is not None}


def problems(*rows):
    return " | ".join(map(str, check(rows, PAGES, ["Boston"], ["results"])))


def test_a_good_row_passes():
    assert problems(row()) == ""
    assert problems(row(answerable=False, evidence=[], items=None, why="no account of it")) == ""


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"split": None}, "lacks split"),
        ({"note": "x"}, "unknown note"),
        ({"kind": "riddle"}, "no kind is called 'riddle'"),
        ({"split": "train"}, "no split is called 'train'"),
        ({"systems": ["Bostn"]}, "no system is called 'Bostn'"),
        ({"themes": ["weather"]}, "no theme is called 'weather'"),
        ({"evidence": []}, "answerable without evidence"),
        ({"answerable": False, "why": "x"}, "unanswerable with evidence"),
        ({"answerable": False, "evidence": [], "items": None}, "unanswerable without why"),
        ({"evidence": [EVIDENCE | {"document": "paris"}]}, "no document is called 'paris'"),
        ({"evidence": [EVIDENCE | {"page": 3}]}, "boston has no page 3"),
        ({"evidence": [EVIDENCE | {"page": 0}]}, "boston has no page 0"),
        ({"evidence": [EVIDENCE | {"page": 1}]}, "not on boston page 1"),
        ({"evidence": [EVIDENCE | {"quote": "Six schools left"}], "items": None}, "not on boston page 2"),
        ({"evidence": [EVIDENCE | {"quote": " "}], "items": None}, "not on boston page 2"),
        ({"items": ["Blackstone"]}, "item in no quote: 'Blackstone'"),
        (
            {"kind": "paraphrase", "question": "How many school buildings left?", "items": None},
            "paraphrase shares left, school",
        ),
    ],
)
def test_every_rule_names_what_is_wrong(changes, said):
    assert said in problems(row(**changes))


def test_ids_and_questions_are_used_once():
    assert "id used 2 times" in problems(row(), row(question="Another?"))
    assert "question used 2 times" in problems(row(), row(id="g-2", question="WHICH campuses improved?"))


def test_items_are_found_without_notes_and_with_straight_apostrophes():
    quote = EVIDENCE | {"quote": "Teachers’ hours grew[3]."}
    assert problems(row(evidence=[quote], items=["Teachers' hours grew."])) == ""


def test_paraphrase_needs_one_quote_without_a_shared_word():
    other = EVIDENCE | {"quote": "Teachers’ hours grew[3]."}
    assert problems(row(kind="paraphrase", question="Who left school?", evidence=[EVIDENCE, other], items=None)) == ""


def test_stems_drop_function_words_and_endings():
    assert stems("The teachers were leaving[1,2] Boston’s schools") == {"teacher", "leav", "boston", "school"}


def test_relocate_moves_only_quotes_that_stand_on_one_other_page():
    moved = row(evidence=[EVIDENCE | {"page": 1}])
    assert relocate(moved, PAGES)
    assert moved["evidence"][0]["page"] == 2
    assert not relocate(row(), PAGES)
    lost = row(evidence=[EVIDENCE | {"page": 1, "quote": "gone"}])
    assert not relocate(lost, PAGES)
    assert lost["evidence"][0]["page"] == 1
    twice = row(evidence=[EVIDENCE | {"page": 9, "quote": "s"}])
    assert not relocate(twice, {"boston": ("s", "s")})


def test_a_broken_line_is_named(tmp_path):
    file = tmp_path / "a.jsonl"
    file.write_text(json.dumps(row()) + "\n{\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"a\.jsonl:2: not JSON"):
        read_gold([file])


def test_the_gold_has_what_the_issue_asks_for():
    """Per system at least 15 questions and per theme at least 10, as far as this group of files goes."""
    rows = read_gold([GOLD])
    lines = dict(line.split(": ", 1) for line in counts(rows) if ": " in line)
    by_theme = {n.rsplit(" ", 1)[0]: int(n.rsplit(" ", 1)[1]) for n in lines["theme (answerable)"].split(", ")}
    by_system = {n.rsplit(" ", 1)[0]: int(n.rsplit(" ", 1)[1]) for n in lines["system (answerable)"].split(", ")}
    assert min(n for theme, n in by_theme.items() if theme != "none") >= 10
    assert len(by_theme) >= 14
    assert all(by_system[s] >= 15 for s in ("Boston", "Chicago", "Cincinnati", "Charlotte-Mecklenburg"))
    assert sum(not row["answerable"] for row in rows) >= 35
