"""`serve`: the bundled collection is ingested when there is no index yet, then the pages are served until stopped."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sys
from pathlib import Path
from typing import Any

from casebook.errors import CasebookError, NoSnapshotError, StaleSnapshotError
from casebook.library import Library
from web.guard import UPLOAD_BYTES, App, Guard, Receive, Scope, Send

STATIC = Path(__file__).parent / "static"

_FIRST = "First start: reading the bundled collection. This takes a minute or two, once."
_AGAIN = "The index was made by another version or encoder: reading all documents again. This takes a minute or two, once."


def serve(library: Library) -> None:
    """Blocks until interrupted. Raises `CasebookError` when the index is damaged or the port is taken."""
    prepare(library)
    listener = listen(library.settings.host, library.settings.port)
    app = create(library)
    import uvicorn

    host, port = library.settings.host, listener.getsockname()[1]
    shown = f"[{host}]" if ":" in host else "127.0.0.1" if host == "0.0.0.0" else host
    config = uvicorn.Config(app, log_level="warning", server_header=False, timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    logging.getLogger("uvicorn.error").addFilter(_no_noise)
    print(f"Turnaround Casebook: http://{shown}:{port}  (Ctrl+C stops it)", flush=True)
    server.run(sockets=[listener])


def _no_noise(record: logging.LogRecord) -> bool:
    """Keeps quiet of connections that are cut when the application is stopped; a page that is open holds one."""
    cut = record.exc_info is not None and record.exc_info[0] is asyncio.CancelledError
    return not cut and "graceful shutdown exceeded" not in record.getMessage()


def listen(host: str, port: int) -> socket.socket:
    """The listening socket, bound before anything is printed; raises `CasebookError` when the port is taken."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=128)
    except OSError as error:
        raise CasebookError(
            f"Port {port} on {host} cannot be opened ({error.strerror}). Choose another: python app.py --port {port + 1}"
        ) from error


def prepare(library: Library) -> None:
    """An index that can be opened: made from the bundled collection when there is none, and anew from the documents it had
    when another version made it; with a bar in the terminal."""
    try:
        snapshot = library.snapshot
    except (NoSnapshotError, StaleSnapshotError) as missing:
        print(_FIRST if isinstance(missing, NoSnapshotError) else _AGAIN, file=sys.stderr, flush=True)
        from casebook.commands.ingest import Bars

        bars = Bars()
        outcome = library.ingest(progress=bars)
        bars.close()
        for name, reason in outcome.set_aside:
            print(f"Set aside: {reason if name in reason else f'{name}: {reason}'}", file=sys.stderr)
        snapshot = library.snapshot
    if snapshot.documents:
        library.search("warm up", 1)  # the first question does not wait for the weights


def create(library: Library) -> Any:
    """The whole application as ASGI: guard, routes, static files, Gradio."""
    os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    os.environ.setdefault("GRADIO_TEMP_DIR", str((library.settings.data / "uploads").absolute()))
    import gradio as gr
    from fastapi import FastAPI, Response
    from fastapi.staticfiles import StaticFiles

    from web import interface, routes, theme

    app = FastAPI(title="Turnaround Casebook", openapi_url=None, docs_url=None, redoc_url=None)
    routes.install(app, library)
    script = theme.script(STATIC)
    app.get("/casebook-static/all.js")(lambda: Response(script, media_type="text/javascript"))
    app.mount("/casebook-static", StaticFiles(directory=STATIC), name="casebook-static")
    gr.mount_gradio_app(
        app,
        interface.build(library),
        path="/",
        server_name=library.settings.host,
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size=UPLOAD_BYTES,
        ssr_mode=False,
        theme=theme.theme(),
        head=theme.head(STATIC),
        favicon_path=str(STATIC / "icon.svg"),
    )
    return Guard(_own_links(app), library.settings.host)


def _own_links(app: App) -> App:
    """Keeps ?doc=…&page=… from Gradio, which takes `page` for a page of its own; the page's script reads it."""

    async def called(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] in ("/", "/config") and b"page=" in scope["query_string"]:
            kept = [pair for pair in scope["query_string"].split(b"&") if not pair.startswith(b"page=")]
            scope = {**scope, "query_string": b"&".join(kept)}
        await app(scope, receive, send)

    return called
