"""Typesets the collection: `python -m collection.typeset [ID ...] [--check]`.

Every source becomes a PDF beside catalog.toml, byte for byte the same on every run and machine: the
date in it is the catalog's, the fonts are those inside the typst wheel, and nothing else of the
machine goes in. `collection.lock.json` then says which bytes came from which source. `--check` builds
in a temporary folder and exits 1 when any PDF or the lock file differs from what lies here.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from importlib.metadata import version
from pathlib import Path

import pypdfium2
import typst

from collection.markup import markup
from collection.records import Entry, Fact, Source
from collection.sources import ROOT, read_catalog, read_facts, read_source

TEMPLATE = ROOT / "template.typ"
LOCK = "collection.lock.json"
TYPST = version("typst")


@dataclass(frozen=True, slots=True)
class Built:
    """A document's line in the lock file. Hashes are SHA-256; `markup` covers source, facts and template."""

    file: str
    sha256: str
    pages: int
    source: str
    markup: str


def compile_pdf(text: str, day: str) -> bytes:
    """Markup to PDF bytes; `day` (ISO 8601) is the only time the file knows."""
    midnight = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
    with tempfile.TemporaryDirectory() as folder:
        # Compiled in a folder of its own: no other file can be reached, no path can leak in.
        Path(folder, "template.typ").write_bytes(TEMPLATE.read_bytes())
        main = Path(folder, "main.typ")
        main.write_text(text, encoding="utf-8", newline="\n")
        return typst.compile(
            str(main),
            root=folder,
            format="pdf",
            font_paths=[],
            ignore_system_fonts=True,
            timestamp=int(midnight.timestamp()),
        )


def build(source: Source, entry: Entry, facts: dict[str, Fact], folder: Path) -> Built:
    """Writes one PDF into folder. Raises KeyError naming a fact that is not there."""
    text = markup(source, entry, facts)
    pdf = compile_pdf(text, entry.date)
    (folder / entry.file).write_bytes(pdf)
    document = pypdfium2.PdfDocument(pdf)
    pages = len(document)
    document.close()
    return Built(
        entry.file,
        hashlib.sha256(pdf).hexdigest(),
        pages,
        hashlib.sha256(source.path.read_bytes()).hexdigest(),
        hashlib.sha256(text.encode() + TEMPLATE.read_bytes()).hexdigest(),
    )


def read_lock(path: Path) -> dict[str, dict[str, object]]:
    """Documents of the lock file by id; empty when there is no lock file yet."""
    return json.loads(path.read_text(encoding="utf-8"))["documents"] if path.exists() else {}


def lock_text(documents: dict[str, dict[str, object]]) -> str:
    lock = {"typst": TYPST, "documents": dict(sorted(documents.items()))}
    return json.dumps(lock, indent=2) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m collection.typeset", description="Typesets the collection.")
    parser.add_argument("ids", nargs="*", metavar="ID", help="documents; none: all that are written")
    parser.add_argument("--check", action="store_true", help="fail when a rebuild gives other bytes")
    chosen = parser.parse_args(arguments)
    entries, facts = read_catalog(), read_facts()
    ids = chosen.ids or [id for id in entries if (ROOT / "sources" / f"{id}.md").exists()]
    for id in ids:
        if id not in entries or not (ROOT / "sources" / f"{id}.md").exists():
            print(f"no {id}: it needs a [[document]] in catalog.toml and sources/{id}.md", file=sys.stderr)
            return 2
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) if chosen.check else ROOT
        try:
            built = {id: build(read_source(id), entries[id], facts, folder) for id in ids}
        except KeyError as missing:
            print(f"unknown fact {missing}; python -m collection.claims says where", file=sys.stderr)
            return 1
        if chosen.check:
            return report_differences(built, folder)
    # Documents typeset earlier keep their lines; those gone from the catalog lose theirs.
    kept = {id: line for id, line in read_lock(ROOT / LOCK).items() if id in entries}
    documents = kept | {id: asdict(line) for id, line in built.items()}
    (ROOT / LOCK).write_text(lock_text(documents), encoding="utf-8", newline="\n")
    for id, line in built.items():
        print(f"{id}: {line.file}, {line.pages} pages, {line.sha256[:12]}")
    return 0


def report_differences(built: dict[str, Built], folder: Path) -> int:
    found = list(differences(built, folder, ROOT))
    for line in found:
        print(line)
    if found:
        print(f"built here with typst {TYPST}; python -m collection.typeset writes these anew")
    else:
        print(f"{len(built)} documents: the same bytes")
    return 1 if found else 0


def differences(built: dict[str, Built], folder: Path, kept: Path) -> Iterator[str]:
    """What differs between a fresh build in `folder` and the documents and lock file in `kept`."""
    lock = read_lock(kept / LOCK)
    for id, line in built.items():
        path = kept / line.file
        if not path.exists():
            yield f"{id}: {line.file} is missing"
        elif path.read_bytes() != (folder / line.file).read_bytes():
            yield f"{id}: {line.file} differs from a fresh build"
        if lock.get(id) != asdict(line):
            yield f"{id}: {LOCK} does not match"


if __name__ == "__main__":
    sys.exit(main())
