"""The command line: ``python -m casebook COMMAND``. Each module of `casebook.commands` adds the commands it is named for.

Exit codes: 0 done, 1 the work failed, 2 the words were wrong, 3 some files were set aside (and named). Errors are one
plain sentence on standard error.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from casebook import __version__
from casebook.errors import CasebookError

MODULES = ("ingest", "ask", "compare", "documents", "originals", "checks", "evaluate", "serve")


def parser() -> argparse.ArgumentParser:
    """The whole command line; building it imports nothing heavy."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--data", type=Path, metavar="DIR", help="data folder (default: data/ beside app.py, or CASEBOOK_DATA)")
    top = argparse.ArgumentParser(
        prog="python -m casebook", description="Ask a collection of case studies; every answer is a quotation with its page."
    )
    top.add_argument("--version", action="version", version=f"Turnaround Casebook {__version__}")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in MODULES:
        import_module(f"casebook.commands.{name}").register(commands, shared)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options) or 0)
    except CasebookError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print("Stopped. The index is as it was before.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of a pipe (head, less) has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


if __name__ == "__main__":
    sys.exit(main())
