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
    ],
)
def test_a_broken_word_takes_the_form_seen_elsewhere(head: str, tail: str, seen: dict[str, int], kept: bool) -> None:
    assert keeps_hyphen(head, tail, Counter(seen)) is kept


def test_the_vocabulary_counts_compounds_whole() -> None:
    assert vocabulary(["Full-time staff, full-time work"])["full-time"] == 2
