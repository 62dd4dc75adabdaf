"""Fetching a file from a server that serves, redirects, stalls, cuts, lies: a whole PDF at the end, or one plain sentence."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from casebook.errors import FetchError
from ingest.download import FetchLimits, fetch_page, fetch_pdf, session
from tests.ingest.server import BadServer, Request, drip, redirect
from tests.pdfs import typeset

LIMITS = FetchLimits(connect=2, read=0.4, whole=5, size=2_000_000, pause=0.05, attempts=1)
AGAIN = FetchLimits(connect=2, read=0.4, whole=5, size=2_000_000, pause=0.05, attempts=3)


@pytest.fixture
def server() -> Iterator[BadServer]:
    running = BadServer()
    yield running
    running.stop()


@pytest.fixture
def client() -> Iterator[httpx.Client]:
    with session(LIMITS) as opened:
        yield opened


@pytest.fixture(scope="module")
def body(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return typeset(tmp_path_factory.mktemp("pdf") / "a.pdf").read_bytes()


def cut(body: bytes, at: int, headers: dict[str, str] | None = None):  # type: ignore[no-untyped-def]
    """Promises the whole body and closes the connection after `at` bytes."""
    return lambda request: request.reply(200, body[:at], {"ETag": '"v1"'} if headers is None else headers, len(body))


def refused(client: httpx.Client, url: str, folder: Path, limits: FetchLimits = LIMITS) -> str:
    """The sentence that says why nothing was fetched; nothing lies where the file should be."""
    with pytest.raises(FetchError) as caught:
        fetch_pdf(client, url, folder / "a.pdf", limits)
    assert not (folder / "a.pdf").exists()
    sentence = str(caught.value)
    assert sentence.endswith(".")
    assert len(sentence.splitlines()) == 1
    return sentence


def test_a_good_server_gives_the_file(server: BadServer, client: httpx.Client, body: bytes, tmp_path: Path) -> None:
    server.routes["/a.pdf"] = lambda request: request.serve(body)
    told: list[tuple[int, int]] = []
    target = tmp_path / "new" / "a.pdf"
    path = fetch_pdf(client, server.url("/a.pdf"), target, LIMITS, lambda done, total: told.append((done, total)))
    assert path.read_bytes() == body
    assert [p.name for p in path.parent.iterdir()] == ["a.pdf"]
    assert told[-1] == (len(body), len(body))


def test_redirects_are_followed(server: BadServer, client: httpx.Client, body: bytes, tmp_path: Path) -> None:
    server.routes |= {"/old": redirect("/older"), "/older": redirect(server.url("/a.pdf")), "/a.pdf": lambda r: r.serve(body)}
    assert fetch_pdf(client, server.url("/old"), tmp_path / "a.pdf", LIMITS).read_bytes() == body


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://127.0.0.1/a.pdf", "data:application/pdf,%25PDF-", "javascript:1"])
def test_redirects_to_anything_but_the_web_are_not(server: BadServer, client: httpx.Client, tmp_path: Path, to: str) -> None:
    server.routes["/a.pdf"] = redirect(to)
    assert "127.0.0.1" in refused(client, server.url("/a.pdf"), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_circle_of_redirects_ends(server: BadServer, client: httpx.Client, tmp_path: Path) -> None:
    server.routes |= {"/a.pdf": redirect("/b"), "/b": redirect("/a.pdf")}
    assert "in a circle" in refused(client, server.url("/a.pdf"), tmp_path)
    assert len(server.seen) == LIMITS.redirects + 1


@pytest.mark.parametrize(("status", "words"), [(404, "no longer there"), (403, "with a browser"), (500, "later"), (418, "418")])
def test_a_refusal_is_told(server: BadServer, client: httpx.Client, tmp_path: Path, status: int, words: str) -> None:
    server.routes["/a.pdf"] = lambda request: request.reply(status, b"no")
    assert words in refused(client, server.url("/a.pdf"), tmp_path)


def test_a_bad_moment_passes(server: BadServer, client: httpx.Client, body: bytes, tmp_path: Path) -> None:
    def second_time(request: Request) -> None:
        request.serve(body) if len(server.seen) > 1 else request.reply(503, b"")

    server.routes["/a.pdf"] = second_time
    assert fetch_pdf(client, server.url("/a.pdf"), tmp_path / "a.pdf", AGAIN).read_bytes() == body


@pytest.mark.parametrize("at", [0, 2000], ids=["before the first byte", "in the middle"])
def test_a_stalled_server_is_given_up(server: BadServer, client: httpx.Client, body: bytes, tmp_path: Path, at: int) -> None:
    def stall(request: Request) -> None:
        request.reply(200, body[:at], {"ETag": '"v1"'}, len(body))
        server.stall()

    server.routes["/a.pdf"] = stall
    assert "stopped sending" in refused(client, server.url("/a.pdf"), tmp_path)


def test_a_silent_server_is_given_up(server: BadServer, client: httpx.Client, tmp_path: Path) -> None:
    server.routes["/a.pdf"] = lambda request: server.stall()
    assert "stopped sending" in refused(client, server.url("/a.pdf"), tmp_path)


def test_a_server_that_drips_is_given_up_after_the_whole_time(
    server: BadServer, client: httpx.Client, body: bytes, tmp_path: Path
) -> None:
    server.routes["/a.pdf"] = drip(body, 0.05)
    limits = FetchLimits(read=0.4, whole=0.5, attempts=3, pause=0)
    assert "longer than allowed" in refused(client, server.url("/a.pdf"), tmp_path, limits)


def test_a_cut_download_is_kept_and_continued(server: BadServer, client: httpx.Client, body: bytes, tmp_path: Path) -> None:
    server.routes["/a.pdf"] = cut(body, 3000)
    assert "goes on where it stopped" in refused(client, server.url("/a.pdf"), tmp_path)
    assert (tmp_path / "a.pdf.part").read_bytes() == body[:3000]
    server.routes["/a.pdf"] = lambda request: request.serve(body)
    assert fetch_pdf(client, server.url("/a.pdf"), tmp_path / "a.pdf", LIMITS).read_bytes() == body
    assert server.seen[-1] == ("/a.pdf", "bytes=3000-", '"v1"')
    assert [p.name for p in tmp_path.iterdir()] == ["a.pdf"]


def test_cuts_are_mended_within_one_call(server: BadServer, client: httpx.Client, body: bytes, tmp_path: Path) -> None:
    def worse_then_better(request: Request) -> None:
        cut(body, 3000)(request) if len(server.seen) == 1 else request.serve(body)

    server.routes["/a.pdf"] = worse_then_better
    assert fetch_pdf(client, server.url("/a.pdf"), tmp_path / "a.pdf", AGAIN).read_bytes() == body
    assert [seen[1] for seen in server.seen] == ["", "bytes=3000-"]


@pytest.mark.parametrize("server_says", ["another version", "no ranges", "another range", "too long"])
def test_a_part_of_another_version_is_begun_anew(
    server: BadServer, client: httpx.Client, body: bytes, tmp_path: Path, server_says: str
) -> None:
    server.routes["/a.pdf"] = cut(b"%PDF-1.4 an older version " * 100, 2000)
    refused(client, server.url("/a.pdf"), tmp_path)

    def answer(request: Request) -> None:
        ranged = bool(request.headers.get("Range"))
        if server_says == "another version":
            request.serve(body, '"v2"')
        elif server_says == "another range" and ranged:
            request.reply(206, body[1000:], {"Content-Range": f"bytes 1000-{len(body) - 1}/{len(body)}"})
        elif server_says == "too long" and ranged:
            request.reply(416, b"")
        else:
            request.reply(200, body)

    server.routes["/a.pdf"] = answer
    assert fetch_pdf(client, server.url("/a.pdf"), tmp_path / "a.pdf", AGAIN).read_bytes() == body


def test_a_part_without_a_version_is_not_continued(
    server: BadServer, client: httpx.Client, body: bytes, tmp_path: Path
) -> None:
    server.routes["/a.pdf"] = cut(body, 3000, {})
    refused(client, server.url("/a.pdf"), tmp_path)
    server.routes["/a.pdf"] = lambda request: request.serve(body)
    assert fetch_pdf(client, server.url("/a.pdf"), tmp_path / "a.pdf", LIMITS).read_bytes() == body
    assert server.seen[-1][1] == ""


def test_a_length_that_is_too_small_is_found_out(server: BadServer, client: httpx.Client, body: bytes, tmp_path: Path) -> None:
    server.routes["/a.pdf"] = lambda request: request.reply(200, body, {}, len(body) // 2)
    assert "ends in the middle" in refused(client, server.url("/a.pdf"), tmp_path)
    assert not list(tmp_path.iterdir())


def test_without_a_length_a_cut_is_found_out(server: BadServer, client: httpx.Client, body: bytes, tmp_path: Path) -> None:
    server.routes["/a.pdf"] = lambda request: request.reply(200, body[:5000], {}, -1)
    assert "ends in the middle" in refused(client, server.url("/a.pdf"), tmp_path)


@pytest.mark.parametrize(
    "sent",
    [b"<!doctype html><title>Log in</title>", b"", b"just words", b"<html>" + b"x" * 5000, b"x" * 5000, b"%PDF-1.7\nno\n%%EOF"],
)
def test_what_is_no_pdf_is_refused(server: BadServer, client: httpx.Client, tmp_path: Path, sent: bytes) -> None:
    server.routes["/a.pdf"] = lambda request: request.reply(200, sent, {"Content-Type": "text/html"})
    assert "PDF" in refused(client, server.url("/a.pdf"), tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("honest", [True, False])
def test_too_much_is_refused(server: BadServer, client: httpx.Client, body: bytes, tmp_path: Path, honest: bool) -> None:
    huge = body + b"\n" * 3_000_000
    server.routes["/a.pdf"] = lambda request: request.reply(200, huge, {}, None if honest else -1)
    assert "larger than the 2 MB" in refused(client, server.url("/a.pdf"), tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_closed_port_a_bad_name_and_a_bad_address_are_told(client: httpx.Client, tmp_path: Path) -> None:
    for url in ("http://127.0.0.1:9/a.pdf", "http://no-such.invalid/a.pdf", "http://[bad/a.pdf", "file:///etc/passwd", "a.pdf"):
        refused(client, url, tmp_path)


def test_a_folder_that_cannot_be_written_is_told(server: BadServer, client: httpx.Client, body: bytes, tmp_path: Path) -> None:
    server.routes["/a.pdf"] = lambda request: request.serve(body)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(FetchError, match=r"cannot be saved"):
        fetch_pdf(client, server.url("/a.pdf"), tmp_path / "file" / "a.pdf", LIMITS)


def test_a_page_is_read_and_one_too_long_is_not(server: BadServer, client: httpx.Client) -> None:
    kind = {"Content-Type": "text/html; charset=latin-1"}
    server.routes["/page"] = lambda request: request.reply(200, "Zürich".encode("latin-1"), kind)
    server.routes["/there"] = redirect("/page")
    assert fetch_page(client, server.url("/there"), LIMITS) == (server.url("/page"), "Zürich")
    with pytest.raises(FetchError, match="larger than a web page"):
        fetch_page(client, server.url("/page"), LIMITS, size=3)
