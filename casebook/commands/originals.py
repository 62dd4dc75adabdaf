"""`originals`: where the documents of Education Resource Strategies are, and, when asked, fetching them."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from casebook.errors import UsageError

if TYPE_CHECKING:
    from ingest.catalog import Entry
    from ingest.originals import Fetched


def register(commands: argparse._SubParsersAction, shared: argparse.ArgumentParser) -> None:  # type: ignore[type-arg]
    command = commands.add_parser(
        "originals",
        parents=[shared],
        help="where ERS's own documents are; --fetch downloads those that can be had",
        description="Says where the original case studies of Education Resource Strategies are. With --fetch it downloads "
        "those that can be had, after asking; nothing is ever downloaded otherwise.",
    )
    command.add_argument("--fetch", action="store_true", help="download the originals, after asking")
    command.add_argument(
        "--to", type=Path, metavar="DIR", help="with --fetch: where to save them (default: originals/ in the data folder)"
    )
    command.add_argument("--yes", action="store_true", help="with --fetch: do not ask")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    from casebook.settings import load
    from ingest import catalog, originals

    settings = load(data=options.data)
    file = settings.collection / "catalog.toml"
    if not file.is_file():
        raise UsageError(f"There is no {file}, which says where the originals are. Install the Casebook anew.")
    entries = originals.wanted(catalog.read_catalog(file))
    folder = (options.to or settings.data / "originals").absolute()
    if not options.fetch:
        if options.to or options.yes:
            raise UsageError("--to and --yes go with --fetch.")
        print(explain(entries))
        return 0
    if not _agreed(options, entries, folder):
        print("Nothing was fetched.")
        return 0
    return _fetch(entries, folder)


def explain(entries: list[Entry]) -> str:
    """What the originals are, where they are, and what to do with them."""
    lines = [
        "The bundled documents are briefs written for the Casebook from public sources. The case studies they stand beside",
        "were published by Education Resource Strategies (ERS), who hold the copyright; they are not part of the Casebook.",
        "",
        "Originals:",
    ]
    lines += [f"  {entry.values['original_title']}  (brief here: {entry.id})" for entry in entries]
    lines += ["", "Where they are:"]
    lines += [f"  {url}" for url in dict.fromkeys(str(entry.values["original_url"]) for entry in entries)]
    lines += [
        "",
        "Save the ones you want from there with a browser, then add them:",
        "  python -m casebook ingest FOLDER",
        "Each is recognized and stands beside the brief on the same system; `documents` says which is which.",
        "To have the Casebook download those that can be had (it asks first): python -m casebook originals --fetch",
    ]
    return "\n".join(lines)


def _agreed(options: argparse.Namespace, entries: list[Entry], folder: Path) -> bool:
    if options.yes:
        return True
    if not sys.stdin.isatty():
        raise UsageError("Downloading needs a yes: answer when asked, or give --yes when nobody can be asked.")
    hosts = ", ".join(dict.fromkeys(str(entry.values["original_url"]).split("/")[2] for entry in entries))
    question = (
        f"Download up to {len(entries)} PDFs from {hosts} into {folder}? "
        "Nothing else is sent or fetched. The documents are ERS's: keep to their terms. [y/N] "
    )
    return input(question).strip().lower() in ("y", "yes")


def _fetch(entries: list[Entry], folder: Path) -> int:
    from ingest.download import session
    from ingest.originals import fetch

    failed = 0
    told: set[str] = set()
    with session() as client:
        for found in fetch(client, entries, folder):
            failed += found.path is None
            print(tell(found, told), file=sys.stdout if found.path else sys.stderr, flush=True)
            told.add(found.problem)
    if failed < len(entries):
        print(f"Add them with: python -m casebook ingest {folder}")
    if failed:
        print(
            f"{failed} of {len(entries)} could not be fetched. Save them with a browser, then run: "
            "python -m casebook ingest FOLDER",
            file=sys.stderr,
        )
    return 3 if failed else 0


def tell(found: Fetched, told: Collection[str] = ()) -> str:
    """One sentence for one original; a reason that was `told` is not told again."""
    title = str(found.entry.values["original_title"])
    if found.path is None:
        return f"{title}: {'not fetched, for the same reason.' if found.problem in told else found.problem}"
    return f"{title}: {'was there already' if found.before else 'fetched'}, {found.path.name}."
