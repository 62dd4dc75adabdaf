from __future__ import annotations

from collections import Counter

import pytest

from ingest.cleanup import keeps_hyphen, vocabulary


@pytest.mark.parametrize(
    ("head", "tail", "seen", "kept"),
    [
        ("full", "time", {"full-time": 2}, True),
        ("full", "time", {"fulltime": 1}, False),
        ("pro", "fessional", {"professional": 3}, False),
        ("low", "performing", {}, True),
        ("institu", "tional", {}, False),
        ("2010", "11", {}, True),
        ("re", "organized", {"re-organized": 1}, True),
        ("re", "organized", {}, False),
        ("worker", "owned", {"worker": 1, "owned": 1}, True),
        ("class", "rooms", {"class": 1}, False),
        ("phase", "out", {"phase": 1, "out": 9}, True),
        ("an", "other", {"an": 5, "other": 5}, False),
        ("hard-to", "serve", {"to": 9, "serve": 1}, True),
        ("interna", "tional-studies", {"studies": 1}, False),
        ("no-ex", "cuses", {"no": 3}, False),
        ("ex", "pected", {}, False),
        ("cross", "ing", {}, False),
        ("cross", "district", {}, True),
        ("e", "rate", {}, True),
    ],
)
def test_a_broken_word_takes_the_form_seen_elsewhere(head: str, tail: str, seen: dict[str, int], kept: bool) -> None:
    assert keeps_hyphen(head, tail, Counter(seen)) is kept


def test_the_vocabulary_leaves_broken_words_out() -> None:
    assert vocabulary(["stu\ufffedents and part-\r\ntime work"]) == {"and": 1, "work": 1}


def test_the_vocabulary_counts_compounds_whole() -> None:
    assert vocabulary(["Full-time staff, full-time work"])["full-time"] == 2
