"""The bundled collection as a whole: fifty questions, every statement verified and highlighted; speed; first questions."""

from __future__ import annotations

import re
import time

import pytest

from answer.citations import verify_statement
from casebook.library import Library
from casebook.records import Statement
from casebook.settings import load
from casebook.verification import verify
from evals import gold
from index.search import understand
from ingest import pdf

FIFTY = [g.question for g in gold.read("dev") if g.answerable][::3][:50]


def test_the_first_example_question_is_answered_from_several_documents(library: Library) -> None:
    answer = library.ask("How do districts sustain turnaround at scale?")
    assert not answer.abstained
    assert len({c.document for s in answer.statements for c in s.citations}) >= 2


def test_the_five_tenets_are_quoted_from_the_page_that_lists_them(library: Library) -> None:
    answer = library.ask("What five tenets guide Charlotte-Mecklenburg's strategic staffing?")
    quote = " ".join(answer.statements[0].text.split())
    assert quote.startswith("Five tenets guide")
    assert answer.statements[0].citations[0].document == "charlotte-mecklenburg"
    for word in ("leader", "team", "removed", "authority", "pay"):
        assert word in quote


def test_what_the_collection_cannot_know_is_refused(library: Library) -> None:
    for question in ("What is the capital of Mongolia?", "Who won the 2019 cricket world cup?"):
        answer = library.ask(question)
        assert answer.abstained
        assert answer.reason


def test_where_there_is_no_answer_questions_are_offered_that_have_one(library: Library) -> None:
    refused = library.ask("How many swimming pools did Denver build in its turnaround schools?")
    assert refused.abstained
    assert 1 <= len(refused.nearby) <= 3
    written = {row[0] for row in library.snapshot.connection.execute("SELECT question FROM expansions")}
    assert set(refused.nearby) <= written
    answered = [library.ask(question) for question in refused.nearby]
    assert any(not answer.abstained for answer in answered)
    assert not library.ask("What five tenets guide Charlotte-Mecklenburg's strategic staffing?").nearby


def test_a_place_the_documents_never_mention_is_said_so(library: Library) -> None:
    refused = library.ask("How did Detroit choose its principals?")
    assert refused.abstained
    assert "never mention “Detroit”" in refused.reason
    assert refused.confidence < refused.asked


def test_a_comparison_says_something_of_each_system(library: Library) -> None:
    for question, wanted in (
        ("How do Mastery and ReNEW differ in school culture?", {"Mastery", "ReNEW"}),
        ("Compare Boston and Miami-Dade on central office support.", {"Boston", "Miami-Dade"}),
    ):
        answer = library.ask(question)
        assert wanted <= {statement.system for statement in answer.statements}
        assert len({s.citations[0].quote for s in answer.statements}) == len(answer.statements)


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("Tenessee", "Tennessee"), ("inovation", "innovation"), ("stoped", "stopped"), ("Stafing", "Staffing")],
)
def test_a_slip_becomes_the_form_the_pages_use(library: Library, wrong: str, right: str) -> None:
    """Also where the word's stem is another's, and where another form of it is commoner ("innovate", "stop", "staff")."""
    read = understand(library.snapshot, library.encoder, f"schools {wrong} turnaround")
    assert read.text == f"schools {right} turnaround"


def test_every_statement_of_fifty_questions_verifies_and_is_covered_by_its_highlight(library: Library) -> None:
    assert len(FIFTY) == 50
    statements = [s for question in FIFTY for s in library.ask(question).statements]
    assert len(statements) >= 40
    for statement in statements:
        assert verify_statement(statement, library.page)
        _check_highlight(library, statement)


def _check_highlight(library: Library, statement: Statement) -> None:
    """The text PDFium finds inside the boxes holds the quotation's letters, and little else."""
    for citation in statement.citations:
        boxes = library.highlight(citation.document, citation.page, citation.start, citation.end)
        assert boxes
        with pdf.PDFIUM_LOCK:
            document = pdf.open_pdfium(library.file(citation.document))
            page = document[citation.page - 1]
            width, height = page.get_size()
            textpage = page.get_textpage()
            inside = "".join(
                textpage.get_text_bounded(
                    b.left * width - 0.5,
                    height * (1 - b.top - b.height) + 2,
                    (b.left + b.width) * width + 0.5,
                    height * (1 - b.top) - 2,
                )
                for b in boxes
            )
            document.close()
        wanted, found = _letters(citation.quote), _letters(inside)
        assert wanted in found or _share(wanted, found) > 0.97, (citation.quote, inside)
        assert len(found) <= 1.25 * len(wanted) + 12


def _letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.casefold().replace("ﬁ", "fi").replace("ﬂ", "fl"))


def _share(wanted: str, found: str) -> float:
    from rapidfuzz.distance import LCSseq

    return LCSseq.similarity(wanted, found) / max(1, len(wanted))


def test_the_bundled_index_verifies(library: Library) -> None:
    found = verify(library)
    assert not found.problems
    assert found.documents == 12


@pytest.mark.slow
@pytest.mark.parametrize(("reranker", "seconds"), [(False, 0.05), (True, 0.25)])
def test_search_takes_no_longer_than_it_may(library: Library, reranker: bool, seconds: float) -> None:
    own = Library(load(data=library.settings.data, reranker=reranker))
    own.search("warm up")
    times = []
    for question in FIFTY:
        start = time.perf_counter()
        own.search(question)
        times.append(time.perf_counter() - start)
    assert sorted(times)[25] < seconds
