"""`documents` (list, set, remove, undo) and `page`: what is in the collection, and the text that offsets index."""

from __future__ import annotations

import argparse
import sys

from casebook.commands import library, print_json
from casebook.errors import UsageError

SETTABLE = ("title", "system", "kind", "years", "state", "source")
SOURCES = {"brief": "brief", "original": "ERS original", "yours": "yours"}
"""How a document's source is shown: our brief, an original of Education Resource Strategies, or a file somebody added."""


def register(commands: argparse._SubParsersAction, shared: argparse.ArgumentParser) -> None:  # type: ignore[type-arg]
    documents = commands.add_parser(
        "documents",
        parents=[shared],
        help="list documents; `set` corrects one, `remove` takes some out, `undo` goes back",
        description="Lists the documents and where each is from. `documents set ID --title T --system S` corrects one; "
        "`documents remove ID …` takes some out; `documents undo` goes back to before the last change (again: forward).",
    )
    documents.add_argument("action", nargs="?", choices=["set", "remove", "undo"], help="set, remove or undo; nothing lists")
    documents.add_argument("ids", nargs="*", metavar="ID", help="document ids")
    for name in SETTABLE:
        documents.add_argument(f"--{name}", help=f"with set: the document's {name}")
    documents.add_argument("--yes", action="store_true", help="with remove: do not ask")
    documents.add_argument("--json", action="store_true", help="print JSON")
    documents.set_defaults(run=run_documents)

    page = commands.add_parser("page", parents=[shared], help="print a page's text, the text that start and end index")
    page.add_argument("document", metavar="DOCUMENT", help="document id")
    page.add_argument("number", metavar="NUMBER", help="physical page, from 1")
    page.add_argument("--json", action="store_true", help="print JSON")
    page.set_defaults(run=run_page)


def run_documents(options: argparse.Namespace) -> int:
    from casebook import contract

    opened = library(options)
    changes = {n: v for n in SETTABLE if (v := getattr(options, n)) is not None}
    if options.action == "set":
        if len(options.ids) != 1:
            raise UsageError('Name one document to set, e.g. documents set denver --title "Denver".')
        opened.edit(options.ids[0], **changes)
        print(f"Set {', '.join(changes)} of {options.ids[0]}.")
        return 0
    if (options.ids and options.action != "remove") or (changes and options.action != "set"):
        raise UsageError("Ids go with set or remove, and --title and the like with set.")
    if options.action == "remove":
        return _remove(options, opened)
    if options.action == "undo":
        return _undo(opened)
    found = opened.documents()
    if options.json:
        print_json([contract.document(d) for d in found])
        return 0
    for d in found:
        flags = f"  ({'; '.join(d.flags)})" if d.flags else ""
        shown = SOURCES.get(d.source, d.source)
        print(
            f"{d.id:28} {shown:12} {d.system or '–':22} {d.kind:10} {d.page_count:4} pages {d.passage_count:5} passages  "
            f"{d.title}{flags}"
        )
    return 0


def _undo(opened) -> int:  # type: ignore[no-untyped-def]
    before, now = ({d.id: d for d in documents} for documents in opened.undo())
    back, gone = [id for id in now if id not in before], [id for id in before if id not in now]
    changed = [id for id in now if id in before and now[id] != before[id]]
    told = [f"{word} {', '.join(ids)}" for word, ids in (("back:", back), ("gone:", gone), ("as before:", changed)) if ids]
    print(f"The index is as it was before the last change ({'; '.join(told) or 'the same documents'}).")
    return 0


def _remove(options: argparse.Namespace, opened) -> int:  # type: ignore[no-untyped-def]
    if not options.ids:
        raise UsageError("Name the documents to remove, e.g. documents remove denver.")
    titles = [opened.document(id).title for id in options.ids]
    if not options.yes:
        if not sys.stdin.isatty():
            raise UsageError(f"Removing {len(titles)} documents needs --yes when nobody can be asked.")
        question = f"Remove {', '.join(titles)}? The PDF files you added stay where they are. [y/N] "
        if input(question).strip().lower() not in ("y", "yes"):
            print("Nothing was removed.")
            return 0
    opened.remove(options.ids)
    print(f"Removed {', '.join(options.ids)}.")
    return 0


def run_page(options: argparse.Namespace) -> int:
    from casebook import contract

    if not options.number.isdigit():
        raise UsageError(f"NUMBER is a physical page from 1, not {options.number!r}.")
    found = library(options).page(options.document, int(options.number))
    if options.json:
        print_json(contract.page(found))
    else:
        sys.stdout.write(found.text + "\n")
    return 0
