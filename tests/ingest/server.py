"""A web server on loopback that does what web servers do on their worse days."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

Handler = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    """One request, answered by the route of its path. `server.seen` keeps (path, Range, If-Range) of each."""

    server: BadServer

    def do_GET(self) -> None:
        self.server.seen.append((self.path, self.headers.get("Range", ""), self.headers.get("If-Range", "")))
        route = self.server.routes.get(self.path.partition("?")[0])
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # the client had enough
            route(self) if route else self.reply(404, b"<html>nothing here</html>", {"Content-Type": "text/html"})

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None, length: int | None = None) -> None:
        """`length` is what the server claims; None: the truth, -1: nothing."""
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if length != -1:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)

    def serve(self, body: bytes, etag: str = '"v1"') -> None:
        """As a good server does: ranges, if the version is the one that was asked for."""
        wanted, version = self.headers.get("Range", ""), self.headers.get("If-Range", etag)
        if wanted and version == etag:
            start = int(wanted.removeprefix("bytes=").rstrip("-"))
            span = {"ETag": etag, "Content-Range": f"bytes {start}-{len(body) - 1}/{len(body)}"}
            self.reply(206, body[start:], span)
        else:
            self.reply(200, body, {"ETag": etag, "Content-Type": "application/pdf"})

    def log_message(self, format: str, *arguments: object) -> None:
        """Quiet."""


class BadServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Request)
        self.routes: dict[str, Handler] = {}
        self.seen: list[tuple[str, str, str]] = []
        self.released = threading.Event()
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}{path}"

    def stall(self) -> None:
        """Keeps the client waiting until the test is over."""
        self.released.wait(20)

    def stop(self) -> None:
        self.released.set()
        self.shutdown()
        self.server_close()


def redirect(to: str) -> Handler:
    return lambda request: request.reply(302, b"", {"Location": to})


def drip(body: bytes, seconds: float) -> Handler:
    """Sends a byte at a time, each in good time, the whole never."""

    def send(request: Request) -> None:
        request.reply(200, b"", {}, len(body))
        for byte in body:
            request.wfile.write(bytes([byte]))
            time.sleep(seconds)

    return send
