"""`search` and `ask`, for people (text) and for scripts (--json, --batch)."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from casebook.commands import library, print_json
from casebook.errors import UsageError

if TYPE_CHECKING:
    from casebook.library import Library
    from casebook.records import Answer, Citation, Hit

STDIN = Path("-")


def register(commands: argparse._SubParsersAction, shared: argparse.ArgumentParser) -> None:  # type: ignore[type-arg]
    for name, what, run in (("search", "find passages", run_search), ("ask", "answer a question with quotations", run_ask)):
        command = commands.add_parser(name, parents=[shared], help=what, description=what.capitalize() + ".")
        command.add_argument("question", nargs="?", help="the question, in your own words")
        command.add_argument("--system", nargs="+", action="extend", default=[], metavar="S", help="only these systems")
        command.add_argument("--document", nargs="+", action="extend", default=[], metavar="D", help="only these documents")
        command.add_argument("--json", action="store_true", help="print JSON")
        command.add_argument(
            "--batch",
            type=Path,
            metavar="FILE",
            help='questions from a file (- for standard input): one a line, or JSON lines with an "id"; prints JSON lines',
        )
        if name == "search":
            command.add_argument("--theme", nargs="+", action="extend", default=[], metavar="T", help="only these themes")
            command.add_argument("-k", type=positive, default=10, help="how many passages (default 10)")
        command.set_defaults(run=run)


def positive(text: str) -> int:
    if not text.isdigit() or not 1 <= int(text) <= 1000:
        raise argparse.ArgumentTypeError(f"must be a number from 1 to 1000, not {text!r}")
    return int(text)


def run_search(options: argparse.Namespace) -> int:
    opened = library(options)

    def find(question: str) -> list[Hit]:
        return opened.search(question, options.k, options.system, options.document, options.theme)

    def as_json(question: str) -> dict[str, Any]:
        return search_json(opened, question, find(question))

    return _run(options, as_json, lambda question: show_hits(opened, find(question)))


def run_ask(options: argparse.Namespace) -> int:
    opened = library(options)

    def as_json(question: str) -> dict[str, Any]:
        from casebook import contract

        return contract.answer(opened.ask(question, options.system, options.document), opened.snapshot.documents)

    return _run(options, as_json, lambda question: show_answer(opened, opened.ask(question, options.system, options.document)))


def search_json(opened: Library, question: str, found: list[Hit]) -> dict[str, Any]:
    from casebook import contract

    places = {(hit.passage.document, hit.passage.page) for hit in found}
    labels = {place: opened.page(*place).label for place in places}
    return contract.hits(question, found, opened.snapshot.documents, labels)


def _run(options: argparse.Namespace, as_json: Callable[[str], dict[str, Any]], show: Callable[[str], str]) -> int:
    if options.batch is not None:
        if options.question is not None:
            raise UsageError("Give a question or --batch, not both.")
        for id, question in batch(options.batch):
            print_json(({} if id is None else {"id": id}) | as_json(question), lines=True)
        return 0
    if options.question is None:
        raise UsageError("Give a question in quotation marks, or --batch FILE.")
    if options.json:
        print_json(as_json(options.question))
    else:
        print(show(options.question))
    return 0


def batch(path: Path) -> Iterator[tuple[Any, str]]:
    """(id or None, question) for each line that is not blank: plain text, or a JSON object with "question" (or "text").

    A plain file is read as it comes, so a program can write questions to standard input and read answers one by one.
    """
    try:
        stream = sys.stdin.buffer if path == STDIN else path.open("rb")
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}.") from error
    with stream:
        for number, raw in enumerate(stream, 1):
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8", "replace").strip()
            if line:
                yield _line(line, path, number)


def _line(line: str, path: Path, number: int) -> tuple[Any, str]:
    if not line.startswith("{"):
        return None, line
    try:
        value = json.loads(line)
    except ValueError:
        return None, line  # a question may start with a brace
    question = value.get("question", value.get("text"))
    if not isinstance(question, str):
        raise UsageError(f'{path}, line {number}: a JSON line needs a "question".')
    return value.get("id", value.get("_id")), question


def show_hits(opened: Library, found: list[Hit]) -> str:
    if not found:
        return "Nothing was found."
    lines = []
    for number, hit in enumerate(found, 1):
        passage = hit.passage
        title = opened.document(passage.document).title
        heading = f" · {passage.heading}" if passage.heading else ""
        lines.append(f"{number:2}. {title}, p. {opened.page(passage.document, passage.page).label}{heading}  [{hit.score:.2f}]")
        lines.append(_wrap(passage.text, "    "))
    return "\n".join(lines)


def show_answer(opened: Library, found: Answer) -> str:
    if found.abstained:
        lines = [f"No answer: {found.reason}"]
        if found.nearest:
            lines += ["The nearest passage says:", _wrap(found.nearest.quote, "    "), f"    {_source(opened, found.nearest)}"]
        if found.nearby:
            lines += ["Questions like it that the documents answer:", *(f"    {question}" for question in found.nearby)]
        return "\n".join(lines)
    lines = []
    for number, statement in enumerate(found.statements, 1):
        lines.append(_wrap(f"[{number}] “{statement.text}”", ""))
        lines += [f"    {_source(opened, citation)}" for citation in statement.citations]
    return "\n".join([*lines, "", f"Confidence {found.confidence:.2f}. Every sentence is quoted as it stands on its page."])


def _source(opened: Library, citation: Citation) -> str:
    return f"— {opened.document(citation.document).title}, p. {citation.label} (page {citation.page} of the file)"


def _wrap(text: str, indent: str) -> str:
    return textwrap.fill(" ".join(text.split()), 100, initial_indent=indent, subsequent_indent=indent or "    ")
