"""Where the originals of Education Resource Strategies are, and fetching those that can be had.

Only their landing page is known for certain. It is read once, its links to PDFs are matched to the collection by title,
and each is downloaded by `ingest.download`. Nothing here runs unless a person asks for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urljoin, urlsplit

import httpx

from casebook.errors import DocumentError, FetchError
from ingest import names, pdf
from ingest.catalog import Entry
from ingest.download import FetchLimits, fetch_page, fetch_pdf

_FILE = re.compile(r"\.pdf$|/files?/|/downloads?\b", re.IGNORECASE)
"""Addresses that may be a PDF's; what comes is checked to be one."""

Progress = Callable[[str, int, int], None]
"""progress(document id, bytes so far, bytes in all or 0)"""


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a PDF: its address and the words it is shown with."""

    url: str
    words: str

    @property
    def label(self) -> str:
        """The words and the file's name, to be matched to a title."""
        return f"{self.words} · {unquote(Path(urlsplit(self.url).path).stem)}"


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of one original: `path` when it is there (`before`: it was there already), else `problem` says why not."""

    entry: Entry
    path: Path | None = None
    problem: str = ""
    before: bool = False


class _Links(HTMLParser):
    """Collects <a href> with the text inside and its title; <base href> counts."""

    def __init__(self, address: str) -> None:
        super().__init__(convert_charrefs=True)
        self.base, self.found = address, list[tuple[str, str]]()
        self._href: str | None = None
        self._words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "base" and values.get("href"):
            self.base = urljoin(self.base, values["href"] or "")
        elif tag == "a":
            self._close()
            self._href, self._words = values.get("href"), [values.get("title") or ""]
        elif tag == "img" and self._href:
            self._words.append(values.get("alt") or "")

    def handle_data(self, data: str) -> None:
        if self._href:
            self._words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._close()

    def close(self) -> None:
        super().close()
        self._close()

    def _close(self) -> None:
        if self._href:
            self.found.append((self._href, " ".join(" ".join(self._words).split())))
        self._href = None


def pdf_links(html: str, address: str) -> list[Link]:
    """The page's links to PDFs, in order, each address once; those that are no http(s) address are left out."""
    parser = _Links(address)
    parser.feed(html)
    parser.close()
    found: dict[str, Link] = {}
    for href, words in parser.found:
        try:
            url = urljoin(parser.base, href.strip())
            parts = urlsplit(url)
        except ValueError:
            continue
        if parts.scheme in ("http", "https") and parts.hostname and _FILE.search(parts.path):
            found.setdefault(url, Link(url, words))
    return list(found.values())


def wanted(known: Sequence[Entry]) -> list[Entry]:
    """The entries that have an original and the address of a page where it is."""
    return [entry for entry in names.originals_of(known) if entry.values.get("original_url")]


def target_of(entry: Entry, folder: Path) -> Path:
    """Where an original is kept: under a name of ours, whatever the server calls it."""
    return folder / f"{entry.id}-original.pdf"


def fetch(
    client: httpx.Client,
    entries: Sequence[Entry],
    folder: Path,
    limits: FetchLimits = FetchLimits(),
    progress: Progress = lambda id, done, total: None,
) -> Iterator[Fetched]:
    """Fetches each entry's original into `folder`, one after another; what fails is named, the rest goes on."""
    pages: dict[str, list[Link] | str] = {}
    for entry in entries:
        target = target_of(entry, folder)
        if _is_pdf(target):
            yield Fetched(entry, target, before=True)
            continue
        address = str(entry.values["original_url"])
        if address not in pages:
            pages[address] = _links_of(client, address, limits)
        yield _fetch_one(client, entry, pages[address], entries, target, limits, progress)


def _fetch_one(
    client: httpx.Client,
    entry: Entry,
    links: list[Link] | str,
    entries: Sequence[Entry],
    target: Path,
    limits: FetchLimits,
    progress: Progress,
) -> Fetched:
    url = str(entry.values["original_url"])
    if isinstance(links, str):
        return Fetched(entry, problem=links)
    if not urlsplit(url).path.lower().endswith(".pdf"):
        chosen = names.match_originals([link.label for link in links], entries).get(entry.id)
        if chosen is None:
            return Fetched(entry, problem=f"No PDF on {url} is named like it. Look there in a browser.")
        url = links[chosen].url
    try:
        return Fetched(entry, fetch_pdf(client, url, target, limits, lambda done, total: progress(entry.id, done, total)))
    except FetchError as error:
        return Fetched(entry, problem=str(error))


def _links_of(client: httpx.Client, address: str, limits: FetchLimits) -> list[Link] | str:
    """The page's PDFs, or the sentence that says why it cannot be read; an address of a PDF itself needs no page."""
    if urlsplit(address).path.lower().endswith(".pdf"):
        return []
    try:
        final, html = fetch_page(client, address, limits)
        return pdf_links(html, final)
    except FetchError as error:
        return f"Its landing page {address} cannot be read: {error}"


def _is_pdf(path: Path) -> bool:
    try:
        pdf.check(path)
        return True
    except (DocumentError, OSError):
        return False
