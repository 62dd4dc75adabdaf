"""Which document is which: titles, systems, kinds, sources. Reads catalog.toml, and guesses where there is none.

A bundled document is described by the collection's catalog. An original of Education Resource Strategies is recognized
and attached to the right system. Anything else gets its title from a catalog.toml beside it, from its metadata or from
its first page, and its system from the folder it lies in; all of it can be corrected later (`documents set`).
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from casebook.errors import UsageError
from casebook.records import Document
from ingest.extract import Extracted

_USED = (
    "id", "title", "system", "kind", "state", "years", "aliases", "themes", "source", "original_title", "original_url",
    "author", "date",
)  # fmt: skip
_NO_TITLE = re.compile(r"^(untitled|title|document\d*|microsoft \w+ - .*|.*\.(docx?|indd|pptx?|qxd|pdf|tex|dvi|rtf))$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One `[[document]]` of a catalog.toml; `values` are the keys of it that a `Document` has."""

    file: str
    values: dict[str, Any]

    @property
    def id(self) -> str:
        return str(self.values["id"])


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be ingested, where it came from, and what a catalog says of it."""

    path: Path
    entry: Entry | None = None
    folder: str = ""


def read_catalog(path: Path) -> list[Entry]:
    """The entries of a catalog.toml; raises `UsageError` naming the file and what is wrong."""
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("document", [])
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}. Mend it, or remove it to go without.") from error
    entries: list[Entry] = []
    for table in tables if isinstance(tables, list) else []:
        if not isinstance(table, dict) or not table.get("file"):
            raise UsageError(f"{path}: each [[document]] needs a file. Add `file = \"name.pdf\"`.")
        values = {key: tuple(v) if isinstance(v := table[key], list) else v for key in _USED if key in table}
        values.setdefault("id", slug(Path(str(table["file"])).stem))
        entries.append(Entry(str(table["file"]), values))
    return entries


def bundled(collection: Path) -> list[Source]:
    """The bundled documents that are there, in the catalog's order; those not yet written are left out."""
    entries = read_catalog(collection / "catalog.toml")
    return [Source(collection / e.file, e) for e in entries if (collection / e.file).is_file()]


def gather(paths: Iterable[Path]) -> list[Source]:
    """Files as given, folders searched for PDFs (sorted); a catalog.toml in a folder given describes its files."""
    found: list[Source] = []
    for path in paths:
        if not path.is_dir():
            found.append(Source(path.absolute()))
            continue
        entries = {e.file: e for e in read_catalog(path / "catalog.toml")} if (path / "catalog.toml").is_file() else {}
        for file in sorted(p for p in path.rglob("*") if p.suffix.lower() == ".pdf" and p.is_file()):
            inside = file.relative_to(path)
            folder = inside.parts[0] if len(inside.parts) > 1 else ""
            found.append(Source(file.absolute(), entries.get(inside.as_posix()), folder))
    return found


def slug(text: str) -> str:
    """Letters and digits joined by hyphens: "Déjà Vu (2).pdf" -> "deja-vu-2-pdf"; "document" when nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:60].strip("-") or "document"


def describe(source: Source, sha256: str, extracted: Extracted, known: Sequence[Entry]) -> Document:
    """The record of a newly read document. `known` are the bundled entries, by which originals are recognized."""
    common = {"sha256": sha256, "page_count": len(extracted.pages), "origin": str(source.path), "flags": extracted.flags}
    if source.entry:
        guessed = {"title": guess_title(source.path, extracted), "system": source.folder, "kind": "document"}
        values = {**guessed, "author": extracted.author, "date": extracted.year}
        return Document(**{**values, **source.entry.values, **common})
    original = recognize(source.path, extracted, known)
    if original:
        values = {key: v for key, v in original.values.items() if key not in ("original_title", "original_url", "author", "date")}
        title = original.values.get("original_title") or original.values["title"]
        values |= {"id": f"{original.id}-original", "title": title, "source": "original", "date": extracted.year}
        return Document(**{**values, **common})
    return Document(
        id=slug(source.path.stem),
        title=guess_title(source.path, extracted),
        system=source.folder,
        kind="document",
        years=extracted.year,
        author=extracted.author,
        date=extracted.year,
        **common,
    )


def guess_title(path: Path, extracted: Extracted) -> str:
    """Metadata, else the headings that open the first page, else the file's name."""
    title = " ".join(extracted.title.split())
    if 4 <= len(title) <= 200 and not _NO_TITLE.match(title):
        return title
    first = extracted.pages[0] if extracted.pages else None
    opening: list[str] = []
    for block in first.blocks if first else ():
        if block.kind != "heading" or len(opening) == 2:
            break
        opening.append(" ".join(first.text[block.start : block.end].split()))  # type: ignore[union-attr]
    shown = ": ".join(opening)
    return shown if 4 <= len(shown) <= 200 else re.sub(r"[_\-]+", " ", path.stem).strip() or path.name


def recognize(path: Path, extracted: Extracted, known: Sequence[Entry]) -> Entry | None:
    """The bundled entry whose ERS original this file is, judged by its first pages, or None.

    It must name Education Resource Strategies (or ERS) early on or in its file name, and be about one system: the one
    whose names stand in the title, else the file name, else most often on the first page.
    """
    opening = " ".join(page.text for page in extracted.pages[:3])
    named = re.search(r"education resource strategies|\bERS\b|erstrategies", f"{opening} {path.stem} {extracted.author}", re.IGNORECASE)
    about = re.search(r"turnaround", f"{opening} {path.stem} {extracted.title}", re.IGNORECASE)
    if not named or not about or "written for the turnaround casebook" in opening.casefold():
        return None
    title = " ".join([extracted.title, *_headings(extracted)])
    for text in (title, path.stem.replace("_", " ").replace("-", " "), extracted.pages[0].text if extracted.pages else ""):
        scores = {entry.id: _mentions(text, entry) for entry in known}
        best = max(scores.values(), default=0)
        winners = [entry for entry in known if scores[entry.id] == best]
        if best and len(winners) == 1:
            return winners[0]
    return None


def _headings(extracted: Extracted) -> list[str]:
    first = extracted.pages[0] if extracted.pages else None
    return [first.text[b.start : b.end] for b in first.blocks if b.kind == "heading"] if first else []


def _mentions(text: str, entry: Entry) -> int:
    names = {str(entry.values.get("system", "")), *entry.values.get("aliases", ())} - {""}
    return sum(len(re.findall(rf"\b{re.escape(name)}\b", text, re.IGNORECASE)) for name in names)
