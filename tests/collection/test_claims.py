"""Every rule of the check, each with a text that breaks it and one that does not."""

import shutil
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from collection.claims import CASE_WORDS, case_headings, check, main, prune
from collection.figures import Grounds, figures
from collection.records import Fact
from collection.sources import ROOT, parse, read_facts
from collection.wording import repeats


def fact(id="a-1", claim="", figures="", period="", title="Report", confidence="high"):
    return Fact(id, "results", claim, figures, period, title, "https://a.org/b", confidence)


FACTS = {
    f.id: f
    for f in [
        fact(
            "a-1",
            "Boston enrolled 57,050 pupils in 2010-11, of whom 74 percent qualified for subsidized meals.",
            "57,050; 74%",
            "2010-11",
            "Boston case (ERS, Mar 2012)",
        ),
        fact("a-2", "Grants of $2.2 to $15 million went to twelve Level 4 schools.", "$2.2m-$15m; 12"),
        fact("a-3", "The gap shrank by 11 percentage points.", "11 points", "2007 to 2010"),
        fact("a-4", "A visitor counted three aides.", "3", confidence="low"),
        fact("a-6", "Results appeared.", period="2012"),
        fact(
            "a-5",
            "Those schools made up less than a tenth of the district and taught just over six thousand pupils.",
            "6,000+",
        ),
    ]
}


def problems(text, kind="overview", facts=FACTS):
    return [p.text for p in check(parse(text, "a", Path("a.md")), kind, facts).problems]


def values(text):
    return [figure.value for figure in figures(text)]


# ---------------------------------------------------------------- figures


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("57,050 pupils", ["57050"]),
        ("$1.2 million, $1.2m, 1,200,000", ["1200000"] * 3),
        ("$7bn, 26.2k, $500K", ["7000000000", "26200", "500000"]),
        ("2010-11, 2010-2011, 2010–11, 2010/11", ["2010-2011"] * 4),
        ("twelve of ninety-nine", ["12", "99"]),
        ("one hundred and ten; two hundred thousand; a hundred", ["110", "200000", "100"]),
        ("two and a half; two dozen", ["2.5", "24"]),
        ("a half, a third, one quarter, ninth grade, one", []),
        ("the 11.4th percentile and the 22nd", ["11.4th", "22th"]),
        ("Level 4, P.S. 12, I-20, K-8, five K-8 schools", ["4", "12", "20", "8", "5", "8"]),
        ("5.0 and 5", ["5", "5"]),
        ("the 1990s at 8:30", ["1990s", "8:30"]),
        ("two-thirds of the weighted often", ["2"]),
        ("3–4 and 3 - 4", ["3", "4", "3", "4"]),
    ],
)
def test_figures_are_values(text, expected):
    assert values(text) == expected


def test_a_unit_and_a_scale_reach_back_along_a_series():
    assert [f.unit for f in figures("rose from 74 to 81 percent")] == ["%", "%"]
    assert [f.unit for f in figures("92/86/40/22%")] == ["%"] * 4
    assert [f.also or f.value for f in figures("$2.2 to $15 million")] == ["2200000", "15000000"]
    assert [f.unit for f in figures("12 schools rose 4 percent")] == ["", "%"]


@given(st.integers(2, 10**9))
def test_commas_do_not_change_a_value(number):
    assert values(f"about {number:,} in all") == values(f"about {number} in all") == [str(number)]


def test_every_fact_of_the_collection_grounds_itself():
    for one in read_facts().values():
        grounds = Grounds.of([one])
        for part in (one.claim, one.figures, one.period):
            assert [f for f in figures(part) if grounds.refusal(f)] == [], one.id


@pytest.mark.parametrize(
    "sentence",
    [
        "In 2010-2011 the city had 57050 students [@a-1].",
        "Nearly all, 74 percent, ate subsidized meals, ERS wrote in 2012 [@a-1].",
        "The 12 schools shared sums from $2.2 million to $15 million [@a-2].",
        "The difference fell 11 percentage points from 2007 to 2010 [@a-3].",
        "The gap fell in 2007-10 [@a-3].",
        "From first to last it ran 2007-2011 [@a-3; @a-1].",
        "One school closed, and half of the first cohort left.",
    ],
)
def test_grounded_sentences_pass(sentence):
    assert problems(f"## A\n\n{sentence}\n") == []


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("The city had 57,051 students [@a-1].", "“57,051” is not in the facts cited"),
        ("It ran in 2011-12 [@a-1].", "“2011-12” is not"),  # 2012 is in the title only
        ("The year was 2011-12 [@a-1; @a-6].", "“2011-12” is not"),  # one fact's 2011, another's 2012
        ("Thirteen schools were at Level 4 [@a-2].", "“thirteen” is not in the facts cited"),
        ("Twelve schools were at Level 5 [@a-2].", "“5” is not in the facts cited"),
        ("Grants came to $15 billion [@a-2].", "“$15 billion” is not in the facts cited"),
        ("The gap fell 11 percent [@a-3].", "is in points in the facts cited, not percent"),
        ("It rose to 74 percentage points [@a-1].", "is percent in the facts cited, not points"),
        ("The figure was 74 percent [@a-2].", "is not in the facts cited"),
        ("The city had 57,050 students.", "a figure (“57,050”) and no note"),
        ("Two efforts share a name.", "a figure (“two”) and no note"),
        ("Boston had schools [@a-9].", "unknown fact a-9"),
        ("Boston had 57,050 students. [@a-1]", "a note stands after the full stop"),
        ("Some 74% ate there [@a-1].", "“%” in prose"),
        ("Three aides were counted [@a-4].", "a-4 is of low confidence"),
        ("Enrolment and behaviour changed.", "British spelling “Enrolment”"),
        ("Enrollment and behaviour changed.", "British spelling “behaviour”"),
        ("The programme was prioritised.", "British spelling “prioritised”"),
        ("See https://a.org for more.", "an address in the text"),
        ("See [this](https://a.org).", "a link"),
        ("It was so <i>there</i>.", "HTML"),
        ("It was so [@A-1].", "a note that cannot be read"),
        ("It was so[^1].", "a note that cannot be read"),
    ],
)
def test_a_broken_rule_is_told_with_its_line(sentence, told):
    report = check(parse(f"## A\n\nFine.\n\n{sentence}\n", "a", Path("a.md")), "overview", FACTS)
    hit = [p for p in report.problems if told in p.text]
    assert hit and all(p.line == 5 for p in hit), report.problems
    assert str(hit[0]).startswith("a.md:5: ")


@pytest.mark.parametrize(
    "sentence",
    [
        "Reportedly three aides worked there [@a-4].",
        "Three aides worked there, according to a single source [@a-4].",
        "The analyses emphasize behavior, programs and a specialist [@a-1].",
    ],
)
def test_what_looks_like_a_break_and_is_none(sentence):
    assert problems(f"## A\n\n{sentence}\n") == []


def test_a_table_row_is_held_like_a_sentence():
    rows = "| Schools | 12 [@a-2] |\n| Meals | 75% [@a-1] |\n| Aides | 3 |\n"
    told = problems(f"## A\n\n| Fact | 2010 |\n|---|---|\n{rows}")
    assert any("“75%” is not in the facts cited" in t for t in told)
    assert any("a table row without a note: Aides" in t for t in told)
    assert any("a figure (“3”) and no note" in t for t in told)
    assert not any("12" in t or "2010" in t for t in told)


def test_a_tables_heading_needs_its_figures_in_some_row():
    told = problems("## A\n\n| Fact | 1999 |\n|---|---|\n| Schools | 12 [@a-2] |\n")
    assert told == ["“1999” in the table's heading is not in the facts cited in its rows"]


# ---------------------------------------------------------------- wording

CLAIM = FACTS["a-5"].claim


@pytest.mark.parametrize(
    "sentence",
    [
        CLAIM,
        "Those schools made up less than a tenth of the system and taught just over six thousand students.",
        "Just over six thousand pupils were taught in those schools, less than a tenth of the district made up.",
        "By the state's count, those schools made up less than a tenth of the district and taught just over "
        "six thousand students, which surprised nobody.",
    ],
)
def test_light_edits_repeat_the_fact(sentence):
    assert repeats(sentence, CLAIM)


@pytest.mark.parametrize(
    "sentence",
    [
        "Not one Boston school in ten was on the list, and together the listed ones enrolled a little more "
        "than six thousand children.",
        "Those schools made up a tenth.",  # short: it cannot help sounding alike
    ],
)
def test_paraphrases_do_not(sentence):
    assert not repeats(sentence, CLAIM)


def test_a_sentence_without_a_note_is_compared_with_every_fact():
    told = problems(f"## A\n\n{CLAIM.replace('six thousand', 'a good many')}\n")
    assert any("repeats a-5" in t for t in told)


# ---------------------------------------------------------------- the form of a case


def case(kind="district", body="word " * 170, rows=8, skip=None, swap=False):
    headings = [h for h in case_headings(kind) if h != skip]
    if swap:
        headings[2], headings[3] = headings[3], headings[2]
    table = "| Fact | Figure |\n|---|---|\n" + "| Schools | 12 [@a-2] |\n" * rows
    parts = [f"## {h}\n\n{table if h == 'Quick facts' else body.strip() + '.'}\n" for h in headings]
    return "\n".join(parts)


def test_a_case_in_form_passes():
    assert problems(case(), "district") == []
    assert problems(case("operator"), "operator") == []
    assert "Network supports" in case_headings("operator")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (case(skip="Lessons"), "heading missing: Lessons"),
        (case(swap=True), "heading out of order: Context and scale after The approach"),
        (case() + "\n## Outlook\n\nMore.\n", "heading not in the README's list: Outlook"),
        (case("operator"), "heading missing: Central-office supports"),
        (case(body="word " * 20), f"a case has {CASE_WORDS[0]:,} to {CASE_WORDS[-1]:,}"),
        (case(body="word " * 400), "words; a case has"),
        (case(rows=7), "7 rows in Quick facts"),
        (case().replace("## Time\n", "## Time\n\n#### Deep\n"), "a heading of level 4"),
        (case().replace("## Time\n", "## Time\n\n### The 12 schools\n"), "in a heading"),
        ("Before.\n\n" + case(), "text before the first ## heading"),
        (case() + "\n| A | B |\n|---|---|\n| x | 12 [@a-2] |\n" * 2, "3 tables"),
        (case().replace("## Quick facts\n", "## Quick facts\n\nIn brief:\n"), "one table and nothing else"),
    ],
)
def test_a_case_out_of_form_is_told(text, told):
    assert any(told in t for t in problems(text, "district"))


# ---------------------------------------------------------------- the command


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "facts").mkdir()
    (tmp_path / "sources").mkdir()
    rows = [{key: getattr(f, key) for key in Fact.__slots__ if key != "note"} for f in FACTS.values()]
    dumped = yaml.dump(rows, sort_keys=False, allow_unicode=True, width=110)
    (tmp_path / "facts" / "a.yaml").write_text(dumped, encoding="utf-8")
    entry = 'id = "a"\nfile = "a.pdf"\ntitle = "A"\nkind = "overview"\nversion = "1"\ndate = "2026-01-02"\n'
    (tmp_path / "catalog.toml").write_text(f"[[document]]\n{entry}", encoding="utf-8")
    (tmp_path / "sources" / "a.md").write_text("## A\n\nTwelve were at Level 4 [@a-2].\n", encoding="utf-8")
    return tmp_path


def test_a_clean_folder_exits_0(folder, capsys):
    assert main([], folder) == 0
    assert capsys.readouterr().out == "a: 5 words, 1 sentences, 100% with notes, 1 facts of 6, 0 problems\n"


def test_a_problem_exits_1_and_names_file_and_line(folder, capsys):
    (folder / "sources" / "a.md").write_text("## A\n\nNine were at Level 4 [@a-2].\n", encoding="utf-8")
    assert main(["a"], folder) == 1
    assert "sources/a.md:3: “nine” is not in the facts cited (a-2)" in capsys.readouterr().out


def test_an_unknown_document_exits_2(folder, capsys):
    assert main(["b"], folder) == 2
    assert "no sources/b.md" in capsys.readouterr().err


def test_catalog_and_sources_must_match(folder, capsys):
    (folder / "sources" / "a.md").rename(folder / "sources" / "b.md")
    assert main([], folder) == 1
    out = capsys.readouterr().out
    assert "no source yet for a" in out and "sources/b.md is not in the catalog" in out


def test_unused_lists_what_nobody_cites(folder, capsys):
    main(["--unused"], folder)
    out = capsys.readouterr().out
    assert "unused a-1 " in out and "unused a-2 " not in out


def test_prune_keeps_what_is_cited_in_the_files_formatting(folder):
    before = (folder / "facts" / "a.yaml").read_text(encoding="utf-8")
    assert main(["--prune"], folder) == 0
    after = (folder / "facts" / "a.yaml").read_text(encoding="utf-8")
    assert after and after in before and list(read_facts(folder / "facts")) == ["a-2"]


def test_prune_refuses_while_there_are_problems_or_only_some_documents(folder):
    assert main(["--prune", "a"], folder) == 2
    (folder / "sources" / "a.md").write_text("## A\n\nNine fell [@a-2].\n", encoding="utf-8")
    assert main(["--prune"], folder) == 1
    assert len(read_facts(folder / "facts")) == 6


def test_prune_leaves_a_file_alone_when_all_is_cited(tmp_path):
    shutil.copy(ROOT / "facts" / "boston.yaml", tmp_path)
    before = (tmp_path / "boston.yaml").read_bytes()
    assert prune(tmp_path, set(read_facts(tmp_path))) == 0
    assert (tmp_path / "boston.yaml").read_bytes() == before


def test_the_collection_itself_is_clean(capsys):
    assert main([]) == 0, capsys.readouterr().out
