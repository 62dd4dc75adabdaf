"""`compare` lays systems side by side, `themes` lists the rows there are."""

from __future__ import annotations

import argparse
import sys
import textwrap
from typing import TYPE_CHECKING

from casebook.commands import library, print_json

if TYPE_CHECKING:
    from casebook.library import Library
    from casebook.records import Cell


def register(commands: argparse._SubParsersAction, shared: argparse.ArgumentParser) -> None:  # type: ignore[type-arg]
    what = "lay systems side by side, by themes or by questions of your own"
    command = commands.add_parser("compare", parents=[shared], help=what, description=what.capitalize() + ".")
    command.add_argument(
        "--systems", "--system", nargs="+", action="extend", default=[], metavar="S", help="only these systems"
    )
    command.add_argument(
        "--themes", "--theme", nargs="+", action="extend", default=[], metavar="T", help="only these themes (see: themes)"
    )
    command.add_argument(
        "--question",
        "--questions",
        nargs="+",
        action="extend",
        default=[],
        metavar="Q",
        help="a question asked of each system; {system} stands for its name",
    )
    shape = command.add_mutually_exclusive_group()
    for name in ("json", "csv", "markdown"):
        shape.add_argument(f"--{name}", action="store_true", help=f"print {name if name != 'json' else 'JSON'}")
    command.set_defaults(run=run_compare)
    listing = commands.add_parser("themes", parents=[shared], help="list the themes systems are compared by")
    listing.add_argument("--json", action="store_true", help="print JSON")
    listing.set_defaults(run=run_themes)


def run_compare(options: argparse.Namespace) -> int:
    opened = library(options)
    if not (options.json or options.csv or options.markdown):
        return _print_table(opened, options)
    found = opened.compare(options.systems, options.themes, options.question)
    if options.json:
        from casebook import contract

        print_json(contract.comparison(found, opened.snapshot.documents))
    else:
        data = opened.export([found], "csv" if options.csv else "markdown", "Systems compared")
        sys.stdout.write(data.decode("utf-8").lstrip("\ufeff").replace("\r\n", "\n"))
    return 0


def _print_table(opened: Library, options: argparse.Namespace) -> int:
    """Prints each row as soon as its cells are there."""
    themes = {theme.id: theme.label for theme in opened.themes()}
    last = None
    for cell in opened.compare_cells(options.systems, options.themes, options.question):
        if cell.row != last:
            print(("" if last is None else "\n") + themes.get(cell.row, cell.row).upper())
            last = cell.row
        print(_cell(opened, cell), flush=True)
    return 0


def _cell(opened: Library, cell: Cell) -> str:
    from answer.export import STATES

    if cell.statement:
        first = cell.statement.citations[0]
        text = f"“{cell.statement.text}” ({first.document}, p. {first.label}" + (f"; {cell.more} more)" if cell.more else ")")
    else:
        text = f"{STATES[cell.state]}. {cell.note}"
    name = cell.system[:20].ljust(22)
    return textwrap.fill(" ".join(text.split()), 110, initial_indent=f"  {name}", subsequent_indent=" " * 24)


def run_themes(options: argparse.Namespace) -> int:
    from dataclasses import asdict

    found = library(options).themes()
    if options.json:
        print_json([asdict(theme) for theme in found])
    else:
        for theme in found:
            print(f"{theme.id:26}{theme.label}")
    return 0
