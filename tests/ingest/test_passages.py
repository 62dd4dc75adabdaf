"""Invariants of passages, over generated pages: ranges exact, nothing lost, nothing over the limit."""

from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from ingest.extract import PageText, TextBlock
from ingest.passages import PassageSettings, context, make_passages, sentence_spans

WORDS = st.text(st.characters(codec="utf-8", categories=("L", "N", "P")), min_size=1, max_size=30)
SENTENCE = st.lists(WORDS, min_size=1, max_size=60).map(lambda ws: " ".join(ws).capitalize() + ".")
BLOCK = st.tuples(st.sampled_from(["paragraph", "heading", "row"]), st.lists(SENTENCE, min_size=1, max_size=5).map(" ".join))
PAGES = st.lists(st.lists(BLOCK, max_size=6), min_size=1, max_size=3)


def count_tokens(text: str) -> int:
    """A stand-in for a tokenizer's count: every four characters of a word are a token."""
    return sum(-(-len(word) // 4) for word in text.split())


def page_of(number: int, blocks: list[tuple[str, str]]) -> PageText:
    text, marks = "", []
    for kind, content in blocks:
        if text:
            text += "\n\n"
        marks.append(TextBlock(len(text), len(text) + len(content), kind))
        text += content
    return PageText(number, str(number), text, array("i", range(len(text))), tuple(marks))


@given(PAGES, st.integers(20, 120))
def test_passages_are_ranges_of_their_page_and_hold_every_sentence(layout: list, target: int) -> None:  # type: ignore[type-arg]
    pages = [page_of(n, [(k, t.strip()) for k, t in blocks if t.strip()]) for n, blocks in enumerate(layout, 1)]
    settings = PassageSettings(target, 150)
    passages = make_passages("d", "Title", pages, count_tokens, settings)
    texts = {page.number: page.text for page in pages}
    covered: dict[int, set[int]] = {page.number: set() for page in pages}
    for passage in passages:
        assert texts[passage.page][passage.start : passage.end] == passage.text
        assert passage.text == passage.text.strip()
        assert passage.text
        assert passage.sentences
        for start, end in passage.sentences:
            assert passage.start <= start < end <= passage.end
        room = settings.limit - count_tokens(context("Title", passage.heading))
        assert count_tokens(passage.text) <= max(room, 1)
        covered[passage.page].update(range(passage.start, passage.end))
    for page in pages:
        for block in page.blocks:
            if block.kind != "heading":
                missing = [
                    i for i in range(block.start, block.end) if i not in covered[page.number] and not page.text[i].isspace()
                ]
                assert not missing
    assert len({passage.id for passage in passages}) == len(passages)
    assert [(p.page, p.start) for p in passages] == sorted((p.page, p.start) for p in passages)


def test_abbreviations_decimals_and_notes_do_not_end_a_sentence() -> None:
    text = (
        "Dr. Smith led P.S. 12 in St. Louis, Mo. He paid $1.2 million [3]. Scores rose 4.5 points vs. the state [2,4]. "
        "U.S. News ranked it No. 7 in 2011 [5]. Why? “Nobody left,” said J. B. Ford."
    )
    found = [text[a:b] for a, b in sentence_spans(text)]
    assert "He paid $1.2 million [3]." in found
    assert "Scores rose 4.5 points vs. the state [2,4]." in found
    assert "U.S. News ranked it No. 7 in 2011 [5]." in found


@given(st.text(max_size=400))
def test_sentences_cover_every_visible_character(text: str) -> None:
    spans = sentence_spans(text)
    covered = {i for start, end in spans for i in range(start, end)}
    assert all(i in covered or text[i].isspace() for i in range(len(text)))
    assert all(a[1] <= b[0] for a, b in zip(spans, spans[1:], strict=False))
