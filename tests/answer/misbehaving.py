"""A server on loopback that speaks the OpenAI protocol, and breaks it on demand: for tests of answer/generate.py."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def chunk(text: str) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    body = {"id": "x", "object": "chat.completion.chunk", "created": 0, "model": "m", "choices": [choice]}
    return f"data: {json.dumps(body)}\n\n".encode()


class Server(ThreadingHTTPServer):
    """`behavior` is "say" or a way to break; `text` what it says, word by word. `asked` keeps the requests' bodies."""

    daemon_threads = True

    def __init__(self, behavior: str, text: str = "") -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.behavior, self.text = behavior, text
        self.asked: list[dict] = []
        self.keys: list[str] = []
        self.gone = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        body = json.dumps(
            {"object": "list", "data": [{"id": "tiny", "object": "model", "created": 0, "owned_by": "x"}]}
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.server.asked.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.server.keys.append(self.headers.get("Authorization", ""))
        try:
            getattr(self, self.server.behavior)()
        except (BrokenPipeError, ConnectionResetError):
            self.server.gone.set()

    def _begin(self, kind: str = "text/event-stream") -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()

    def say(self) -> None:
        self._begin()
        for word in self.server.text.split(" "):
            self.wfile.write(chunk(word + " "))
        self.wfile.write(b"data: [DONE]\n\n")

    def hang(self) -> None:
        self._begin()
        self.wfile.write(chunk(self.server.text))
        self.wfile.flush()
        self.server.gone.wait(30)

    def silent(self) -> None:
        self.server.gone.wait(30)

    def drop(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Content-Length", "100000")
        self.end_headers()
        self.wfile.write(chunk(self.server.text))

    def flood(self) -> None:
        self._begin()
        while True:
            self.wfile.write(chunk("Schools improved again and again. " * 20))

    def flood_without_lines(self) -> None:
        self._begin()
        self.wfile.write(b"data: ")
        while True:
            self.wfile.write(b"x" * 65536)

    def trickle(self) -> None:
        self._begin()
        while True:
            self.wfile.write(chunk("a"))
            self.wfile.flush()
            time.sleep(0.1)

    def refuse(self) -> None:
        self.send_error(401)

    def gibberish(self) -> None:
        self._begin()
        self.wfile.write(b"data: {not json}\n\ndata: 7\n\n")

    def nothing_known(self) -> None:
        self._begin()
        self.wfile.write(b'data: {"choices": [{"delta": null}]}\n\ndata: {"choices": []}\n\ndata: {}\n\ndata: [DONE]\n\n')

    def redirect(self) -> None:
        self.send_response(307)
        self.send_header("Location", "http://127.0.0.1:9/elsewhere")
        self.end_headers()


@contextmanager
def serving(behavior: str, text: str = "") -> Iterator[Server]:
    server = Server(behavior, text)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.gone.set()
        server.shutdown()
        server.server_close()
