"""Which document is which: titles, systems, kinds, sources. Reads catalog.toml, and guesses where there is none.

A bundled document is described by the collection's catalog. An original of Education Resource Strategies is recognized
and attached to the right system. Anything else gets its title from a catalog.toml beside it, from its metadata or from
its first page, and its system from the folder it lies in or its title; all of it can be corrected (`documents set`).
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
from ingest import names
from ingest.extract import Extracted

_TEXTS = ("id", "title", "system", "kind", "state", "years", "source", "author", "date", "original_title", "original_url")
_LISTS = ("aliases", "themes")
_OTHERS = ("file", "original_sha256", "grades", "columns", "version")
"""Keys that a document's record does not take over: the file, hashes of its original, and what typesets the collection."""

KEYS = (*_OTHERS, *_TEXTS, *_LISTS)
SOURCES = ("brief", "original", "yours")
_NO_TITLE = re.compile(
    r"^(untitled|title|document\d*|microsoft \w+ - .*|.*\.(docx?|indd|pptx?|qxd|pdf|tex|dvi|rtf))$", re.IGNORECASE
)


_NO_HEADING = frozenset(
    {"contents", "table of contents", "introduction", "overview", "executive summary", "background", "abstract"}
)
_NO_SYSTEM = frozenset(
    {"pdf", "pdfs", "documents", "docs", "reports", "files", "downloads", "originals", "archive", "misc", "other"}
)
"""Headings that are no title, and folders that are no school system."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One `[[document]]` of a catalog.toml; `values` are the keys of it that a `Document` has.

    `named`: the catalog gives the id, so it stands for this document wherever its file lies. `hashes`: SHA-256 of the
    known versions of its original.
    """

    file: str
    values: dict[str, Any]
    named: bool = True
    hashes: tuple[str, ...] = ()

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
    """The entries of a catalog.toml; raises `UsageError` naming the file, what is wrong and what is allowed."""
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}. Mend it, or remove it to go without.") from error
    tables = content.get("document", [])
    if set(content) - {"document"} or not isinstance(tables, list):
        stray = next(iter(set(content) - {"document"}), "document")
        raise UsageError(f"{path}: {stray!r} is not known here. A catalog is a list of [[document]] tables.")
    entries = [_entry(path, table) for table in tables]
    for what, all_of_it in (("file", [e.file for e in entries]), ("id", [e.id for e in entries if e.named])):
        twice = next((one for one in all_of_it if all_of_it.count(one) > 1), None)
        if twice:
            raise UsageError(f"{path}: the {what} {twice!r} stands there twice. Each document has its own.")
    return entries


def _entry(path: Path, table: Any) -> Entry:
    if not isinstance(table, dict) or not isinstance(table.get("file"), str) or not table["file"]:
        raise UsageError(f'{path}: each [[document]] needs a file. Add `file = "name.pdf"`.')
    file = table["file"]
    stray = next((key for key in table if key not in KEYS), None)
    if stray:
        raise UsageError(f"{path}, {file}: {stray!r} is no key of a document. Keys are: {', '.join(sorted(KEYS))}.")
    values: dict[str, Any] = {}
    for key in (*_TEXTS, *_LISTS, "original_sha256"):
        if key in table:
            values[key] = _value(f"{path}, {file}", key, table[key])
    if values.get("source", "yours") not in SOURCES:
        raise UsageError(f"{path}, {file}: source is one of {', '.join(SOURCES)}, not {values['source']!r}.")
    if "id" in values and slug(values["id"]) != values["id"]:
        raise UsageError(f"{path}, {file}: an id is small letters, digits and hyphens; make it {slug(values['id'])!r}.")
    hashes = values.pop("original_sha256", ())
    return Entry(file, {"id": slug(Path(file).stem), **values}, "id" in values, hashes)


def _value(where: str, key: str, value: Any) -> Any:
    if key in _TEXTS:
        if not isinstance(value, str):
            raise UsageError(f'{where}: {key} is a text. Write {key} = "…".')
        return " ".join(value.split())
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise UsageError(f'{where}: {key} is a list of texts. Write {key} = ["…", "…"].')
    return tuple(value)


def bundled(collection: Path) -> list[Source]:
    """The bundled documents that are there, in the catalog's order; those not yet written are left out."""
    entries = read_catalog(collection / "catalog.toml")
    return [Source(collection / e.file, e) for e in entries if (collection / e.file).is_file()]


def gather(paths: Iterable[Path]) -> list[Source]:
    """Files as given, folders searched for PDFs (sorted); a catalog.toml in a folder given describes its files.

    Raises `UsageError` for a catalog that is wrong or describes a file that is not there. A file named twice counts once.
    """
    found: dict[Path, Source] = {}
    for path in paths:
        for source in _folder(path) if path.is_dir() else [Source(path.absolute())]:
            if source.entry or source.path not in found:
                found[source.path] = source
    return list(found.values())


def _folder(path: Path) -> list[Source]:
    file = path / "catalog.toml"
    entries = {entry.file: entry for entry in read_catalog(file)} if file.is_file() else {}
    found: list[Source] = []
    for pdf in sorted(p for p in path.rglob("*") if p.suffix.lower() == ".pdf" and not p.name.startswith(".") and p.is_file()):
        inside = pdf.relative_to(path)
        folder = inside.parts[0] if len(inside.parts) > 1 else ""
        found.append(Source(pdf.absolute(), entries.pop(inside.as_posix(), None), folder))
    if entries:
        raise UsageError(f"{file} describes {next(iter(entries))}, which is not there. Correct its file, or take it out.")
    return found


def slug(text: str) -> str:
    """Letters and digits joined by hyphens: "Déjà Vu (2).pdf" -> "deja-vu-2-pdf"; "document" when nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")[:60].strip("-") or "document"


def describe(source: Source, sha256: str, extracted: Extracted, known: Sequence[Entry]) -> Document:
    """The record of a newly read document. `known` are the bundled entries, by which originals are recognized."""
    common = {"sha256": sha256, "page_count": len(extracted.pages), "origin": str(source.path), "flags": extracted.flags}
    original = recognize(source.path, sha256, extracted, known)
    if original and not (source.entry and source.entry.values.get("source") == "brief"):
        kept = ("system", "kind", "state", "years", "aliases", "themes")
        values = {key: original.values[key] for key in kept if key in original.values}
        title = original.values.get("original_title") or original.values["title"]
        values |= {"id": f"{original.id}-original", "title": title, "source": "original"}
    else:
        title = guess_title(source.path, extracted)
        values = {"id": slug(source.path.stem), "title": title, "kind": "document", "years": extracted.year}
        values["author"] = " ".join(extracted.author.split())[:200]
        values["system"] = guess_system(source.folder, title, known)
    given = source.entry.values if source.entry else {}
    if source.entry and not source.entry.named:
        given = {key: value for key, value in given.items() if key != "id"}
    return Document(**{**values, **given, **common})


def guess_title(path: Path, extracted: Extracted) -> str:
    """Metadata, else the headings that open the first page, else the file's name."""
    title = " ".join(extracted.title.split())
    if 4 <= len(title) <= 200 and not _NO_TITLE.match(title) and any(c.isalpha() for c in title):
        return title
    shown = ": ".join(_opening(extracted))
    return shown if 4 <= len(shown) <= 200 else re.sub(r"[_\-]+", " ", path.stem).strip() or path.name


def _opening(extracted: Extracted) -> list[str]:
    """The first page's title: the first two headings in a row, at most a few lines (a logo, a series) down the page."""
    found: list[str] = []
    first = extracted.pages[0] if extracted.pages else None
    for place, block in enumerate(first.blocks if first else ()):
        text = " ".join(first.text[block.start : block.end].split())  # type: ignore[union-attr]
        if block.kind == "heading" and text.casefold() not in _NO_HEADING:
            found.append(text)
        if len(found) == 2 or (block.kind != "heading" and (found or place >= 3)):
            break
    return found


def guess_system(folder: str, title: str, known: Sequence[Entry]) -> str:
    """The folder's name, put as the collection puts it ("BPS" -> "Boston"); without one, the system the title is about."""
    systems = [entry for entry in known if entry.values.get("system")]
    named = folder if any(c.isalpha() for c in folder) and folder.casefold() not in _NO_SYSTEM else ""
    entry = names.about(named or title, systems)
    return str(entry.values["system"]) if entry else named


def recognize(path: Path, sha256: str, extracted: Extracted, known: Sequence[Entry]) -> Entry | None:
    """The bundled entry whose ERS original this file is, by its hash, its title page or its file's name; or None."""
    by_hash = next((entry for entry in known if sha256 in entry.hashes), None)
    if by_hash:
        return by_hash
    opening = " ".join(page.text for page in extracted.pages[:2])
    return names.recognize([extracted.title, *_headings(extracted)], path.stem, opening, extracted.author, known)


def _headings(extracted: Extracted) -> list[str]:
    first = extracted.pages[0] if extracted.pages else None
    return [" ".join(first.text[b.start : b.end].split()) for b in first.blocks if b.kind == "heading"] if first else []
