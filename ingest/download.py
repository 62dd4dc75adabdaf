"""Fetching one file over HTTP into a folder: resumed, bounded in time and size, checked, never half there.

    URL ── redirects, http(s) only, few ──> body ──> NAME.part (+ NAME.part.json) ── checked ──> NAME

A download that breaks off leaves `.part` and, beside it, what the server said identifies that version of the file (its
ETag or Last-Modified). The next attempt asks for the rest of that very version (Range with If-Range, RFC 9110, 13.1.5);
a server that has another one, or knows no ranges, sends it whole, and the part is begun anew.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import httpx

from casebook.errors import DocumentError, FetchError
from ingest import pdf

_AGAIN = "Run the command again: it goes on where it stopped."
AGENT = "TurnaroundCasebook/0.1 (a person asked for this file)"
Progress = Callable[[int, int], None]
"""progress(bytes so far, bytes in all or 0 when the server does not say)"""


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """Seconds to connect, between two pieces of data, and for the whole of one file; bytes; redirects; attempts."""

    connect: float = 15.0
    read: float = 30.0
    whole: float = 600.0
    size: int = 100_000_000
    redirects: int = 5
    attempts: int = 3
    pause: float = 2.0


class _BrokenError(FetchError):
    """What another attempt may mend: a stall, a cut, a server's bad moment."""


class _ChangedError(FetchError):
    """The part on disk is of no use: begin anew."""


@contextmanager
def session(limits: FetchLimits = FetchLimits()) -> Iterator[httpx.Client]:
    """An HTTP client with the limits' timeouts. Redirects are followed by us, so that each can be looked at."""
    timeout = httpx.Timeout(limits.read, connect=limits.connect)
    headers = {"User-Agent": AGENT, "Accept-Encoding": "identity"}
    with httpx.Client(timeout=timeout, headers=headers, follow_redirects=False) as client:
        yield client


def fetch_pdf(
    client: httpx.Client, url: str, target: Path, limits: FetchLimits = FetchLimits(), progress: Progress | None = None
) -> Path:
    """Downloads a PDF to `target`, going on with its `.part` if there is one. Raises `FetchError` in one plain sentence."""
    deadline = time.monotonic() + limits.whole
    part = target.with_name(target.name + ".part")
    attempt = 1
    while True:
        try:
            with _plainly(url):
                target.parent.mkdir(parents=True, exist_ok=True)
                _download(client, url, part, limits, deadline, progress or (lambda done, total: None))
                _check_pdf(part, url)
                os.replace(part, target)
                _note(part).unlink(missing_ok=True)
                return target
        except _ChangedError:
            discard(part)
            if attempt >= limits.attempts:
                raise
        except _BrokenError:
            if attempt >= limits.attempts or time.monotonic() + limits.pause > deadline:
                raise
            time.sleep(limits.pause)
        attempt += 1


def fetch_page(client: httpx.Client, url: str, limits: FetchLimits = FetchLimits(), size: int = 5_000_000) -> tuple[str, str]:
    """A web page as (its final address, its text). Raises `FetchError` in one plain sentence."""
    deadline = time.monotonic() + limits.whole
    with _plainly(url), _opened(client, url, {}, limits, deadline) as response:
        body = b""
        for piece in response.iter_bytes():
            body += piece
            _in_time(deadline, url)
            if len(body) > size:
                raise FetchError(f"{_shown(url)} is larger than a web page should be ({size // 1_000_000} MB).")
        return str(response.url), body.decode(response.charset_encoding or "utf-8", "replace")


def discard(part: Path) -> None:
    """Removes an unfinished download."""
    part.unlink(missing_ok=True)
    _note(part).unlink(missing_ok=True)


def _download(client: httpx.Client, url: str, part: Path, limits: FetchLimits, deadline: float, progress: Progress) -> None:
    have, validator = _resumable(part, url)
    headers = {"Range": f"bytes={have}-", "If-Range": validator} if have else {}
    with _opened(client, url, headers, limits, deadline) as response:
        goes_on = response.status_code == 206
        if goes_on and _range_start(response) != have:
            raise _ChangedError(f"{_host(url)} sent another part of the file than was asked for. Try again later.")
        have = have if goes_on else 0
        length = _length(response)
        total = have + length if length else 0
        if total > limits.size:
            discard(part)
            raise FetchError(_too_large(url, limits))
        _note(part).write_text(json.dumps({"url": url, "validator": _validator(response)}), encoding="utf-8")
        with part.open("ab" if goes_on else "wb") as file:
            for piece in response.iter_bytes():
                if have < 1024 and not goes_on and not _may_be_pdf(part, file, piece):
                    file.close()
                    discard(part)
                    raise FetchError(_not_a_pdf(url, response))
                file.write(piece)
                have += len(piece)
                progress(have, total)
                if have > limits.size:
                    file.close()
                    discard(part)
                    raise FetchError(_too_large(url, limits))
                _in_time(deadline, url)
            file.flush()
            os.fsync(file.fileno())
    if total and have < total:
        raise _BrokenError(f"{_shown(url)} broke off after {have:,} of {total:,} bytes. {_AGAIN}")


def _may_be_pdf(part: Path, file, piece: bytes) -> bool:  # type: ignore[no-untyped-def]
    """Whether what has come so far can begin a PDF: its mark stands within the first 1024 bytes."""
    file.flush()
    head = (part.read_bytes() + piece)[:1024]
    return b"%PDF-" in head or (len(head) < 1024 and not head.lstrip().startswith((b"<", b"{")))


def _check_pdf(part: Path, url: str) -> None:
    """What has arrived must be a whole PDF; if it is none, nothing of it is kept."""
    try:
        pdf.check(part)
        with part.open("rb") as file:
            file.seek(-min(2048, part.stat().st_size), os.SEEK_END)
            tail = file.read()
        if b"%%EOF" not in tail:
            raise FetchError(f"{_shown(url)} ends in the middle: the server sent less than the whole PDF. Try again later.")
        pdf.open_pdfium(part).close()
    except DocumentError as error:
        discard(part)
        raise FetchError(f"{_shown(url)} is not a PDF that can be read.") from error
    except FetchError:
        discard(part)
        raise


@contextmanager
def _opened(
    client: httpx.Client, url: str, headers: dict[str, str], limits: FetchLimits, deadline: float
) -> Iterator[httpx.Response]:
    """The response at the end of the redirects, with status 200 or 206, its body not yet read."""
    address = httpx.URL(url)
    for _ in range(limits.redirects + 1):
        if address.scheme not in ("http", "https") or not address.host:
            raise FetchError(f"{_host(url)} sent us to {str(address)[:80]!r}, which is no web address. It was not followed.")
        _in_time(deadline, url)
        with client.stream("GET", address, headers=headers) as response:
            if not response.is_redirect:
                _check_status(response, url)
                yield response
                return
            address = address.join(response.headers["location"])
    raise FetchError(f"{_host(url)} sent us on more than {limits.redirects} times, perhaps in a circle. It was not followed.")


def _check_status(response: httpx.Response, url: str) -> None:
    status = response.status_code
    if status in (200, 206):
        return
    if status == 416:
        raise _ChangedError(f"{_shown(url)} is shorter than what was fetched of it before. Run the command again.")
    if status in (404, 410):
        raise FetchError(f"{_shown(url)} is no longer there ({status}).")
    if status in (401, 403):
        raise FetchError(f"{_host(url)} does not give {_shown(url)} to programs ({status}). Save it with a browser.")
    if status == 429 or status >= 500:
        raise _BrokenError(f"{_host(url)} is not able to answer now ({status}). Try again later.")
    raise FetchError(f"{_host(url)} answered with {status} instead of the file.")


@contextmanager
def _plainly(url: str) -> Iterator[None]:
    """Turns what httpx and the disk raise into one sentence of ours."""
    try:
        yield
    except httpx.ConnectTimeout as error:
        raise FetchError(f"{_host(url)} did not answer. Check the network connection of this machine.") from error
    except httpx.TimeoutException as error:
        raise _BrokenError(f"{_host(url)} stopped sending. {_AGAIN}") from error
    except httpx.ConnectError as error:
        raise FetchError(f"{_host(url)} cannot be reached. Check the network connection of this machine.") from error
    except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError) as error:
        raise _BrokenError(f"{_shown(url)} broke off. {_AGAIN}") from error
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        reason = (str(error).splitlines() or ["no reason was given"])[0].rstrip(".")
        raise FetchError(f"{url} cannot be fetched: {reason}.") from error
    except OSError as error:
        raise FetchError(f"{_shown(url)} cannot be saved: {error.strerror or error}.") from error


def _in_time(deadline: float, url: str) -> None:
    if time.monotonic() > deadline:
        raise FetchError(f"{_shown(url)} took longer than allowed. {_AGAIN}")


def _resumable(part: Path, url: str) -> tuple[int, str]:
    """Bytes there are and the validator of that version; (0, "") when the part is of no use."""
    try:
        noted = json.loads(_note(part).read_text(encoding="utf-8"))
        if noted["url"] == url and isinstance(noted["validator"], str) and noted["validator"]:
            return part.stat().st_size, noted["validator"]
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return 0, ""


def _validator(response: httpx.Response) -> str:
    etag = response.headers.get("etag", "")
    return etag if etag and not etag.startswith("W/") else response.headers.get("last-modified", "")


def _range_start(response: httpx.Response) -> int:
    start = response.headers.get("content-range", "").removeprefix("bytes ").partition("-")[0]
    return int(start) if start.isdecimal() else -1


def _length(response: httpx.Response) -> int:
    length = response.headers.get("content-length", "")
    return int(length) if length.isdecimal() and "content-encoding" not in response.headers else 0


def _note(part: Path) -> Path:
    return part.with_name(part.name + ".json")


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or url
    except ValueError:
        return url


def _shown(url: str) -> str:
    try:
        return unquote(Path(urlsplit(url).path).name) or url
    except ValueError:
        return url


def _not_a_pdf(url: str, response: httpx.Response) -> str:
    what = "a web page" if "html" in response.headers.get("content-type", "") else "something else"
    return f"{_shown(url)} is {what}, not a PDF. Look at {url} in a browser."


def _too_large(url: str, limits: FetchLimits) -> str:
    return f"{_shown(url)} is larger than the {limits.size // 1_000_000} MB that are allowed."
