"""What stands before every request: foreign Host and Origin are refused, sizes are bounded, headers keep pages to themselves.

Plain ASGI, so that answers that stream are not held back. A page in another tab must not be able to talk to an
application on this machine (cross-site requests), nor reach it by a name that points here (DNS rebinding).
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import urlsplit

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

UPLOAD_BYTES = 300 * 2**20
BODY_BYTES = 4 * 2**20

# Gradio compiles its templates in the page, hence unsafe-eval; nothing is ever loaded from elsewhere.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; worker-src 'self' blob:; object-src 'none'; "
    "frame-ancestors 'none'; base-uri 'self'; form-action 'self'"
)
HEADERS = (
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
)


class Guard:
    """Wraps the application. `host` is the address it listens on, `upload_bytes` and `body_bytes` bound request bodies."""

    def __init__(self, app: App, host: str, upload_bytes: int = UPLOAD_BYTES, body_bytes: int = BODY_BYTES) -> None:
        self.app = app
        self.names = {"localhost", host.lower(), socket.gethostname().lower()}
        self.upload_bytes, self.body_bytes = upload_bytes, body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = {name: value.decode("latin-1") for name, value in scope["headers"]}
        refusal = self.refusal(scope.get("method", "GET"), headers, scope["path"])
        if refusal:
            await _refuse(scope["type"], send, *refusal)
            return
        await self.app(scope, receive, _with_headers(send))

    def refusal(self, method: str, headers: dict[bytes, str], path: str) -> tuple[int, str] | None:
        """(status, sentence) for a request that is not let in, else None."""
        host = headers.get(b"host", "")
        if not self._known(host):
            return 403, "This address is not served here. Open the application by the address it printed when it started."
        origin = headers.get(b"origin")
        if origin and urlsplit(origin).netloc.lower() != host.lower():
            return 403, "Requests from other sites are refused."
        if method not in ("GET", "HEAD", "OPTIONS") and headers.get(b"sec-fetch-site", "same-origin") not in (
            "same-origin",
            "none",
        ):
            return 403, "Requests from other sites are refused."
        limit = self.upload_bytes if path.rstrip("/").endswith("/upload") else self.body_bytes
        length = headers.get(b"content-length", "0")
        if not length.isdigit() or int(length) > limit:
            return 413, f"That is too large: at most {limit // 2**20} MB can be sent at once."
        if b"transfer-encoding" in headers and method not in ("GET", "HEAD"):
            return 411, "Say how long the request is (Content-Length)."
        return None

    def _known(self, host: str) -> bool:
        """Names of this machine and bare IP addresses, which cannot be rebound."""
        name = (urlsplit(f"//{host}").hostname or "").lower()
        if name in self.names:
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True


async def _refuse(kind: str, send: Send, status: int, sentence: str) -> None:
    if kind == "websocket":
        await send({"type": "websocket.close", "code": 1008})
        return
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *HEADERS]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": sentence.encode()})


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            present = {name.lower() for name, _ in message.get("headers", [])}
            message["headers"] = [*message.get("headers", []), *((n, v) for n, v in HEADERS if n not in present)]
        await send(message)

    return sending
