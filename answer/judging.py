"""The judge: a second, larger reader that looks at one stretch of text and says whether it answers, or only seems to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from answer.evidence import NOTES, Candidate, Relevance
from answer.kinds import Question
from answer.quotable import sentence_text

READ = 2
"""Candidates the judge reads: where the best one does not answer, the second may."""

WORDS = 85
"""Words a stretch may hold; more tell a reader little about one sentence and cost time in proportion."""


def stretch(lead: str, sentences: Sequence[str], at: int) -> str:
    """Sentence `at` with as many of those after and before it, in turn, as `WORDS` allows, behind what they are about.

    ("Denver", ["A.", "B.", "C."], 1) -> "Denver. A. B. C."
    """
    first, last = at, at + 1
    room = WORDS - len(sentences[at].split())
    for _ in sentences:
        for step in (1, -1):
            place = last if step == 1 else first - 1
            if 0 <= place < len(sentences) and len(sentences[place].split()) <= room:
                room -= len(sentences[place].split())
                first, last = min(first, place), max(last, place + 1)
    text = " ".join(sentences[first:last])
    return f"{lead}. {text}" if lead else text


def around(candidate: Candidate, titles: Mapping[str, str]) -> str:
    """The stretch around a candidate, behind its system, its document's title or its heading; note numbers left out."""
    passage, at = candidate.quotable.sentences[0]
    told = [" ".join(NOTES.sub("", sentence_text(passage, i)).split()) for i in range(len(passage.sentences))]
    return stretch(candidate.system or titles.get(passage.document, "") or passage.heading, told, at)


def judge(
    question: Question, found: Sequence[Candidate], titles: Mapping[str, str], verdict: Relevance | None
) -> list[Candidate]:
    """The candidates, the first `READ` with the judge's verdict; as they are without one."""
    if verdict is None or not found:
        return list(found)
    texts = [around(candidate, titles) for candidate in found[:READ]]
    each = list(dict.fromkeys(texts))  # neighbors share a stretch
    said = dict(zip(each, verdict(question.text, each), strict=True))
    read = [replace(c, judged=round(float(said[text]), 4)) for c, text in zip(found, texts, strict=False)]
    return [*read, *found[len(read) :]]
