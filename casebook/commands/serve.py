"""`serve`: the web application, as `python app.py` starts it."""

from __future__ import annotations

import argparse

from casebook.commands import library


def register(commands: argparse._SubParsersAction, shared: argparse.ArgumentParser) -> None:  # type: ignore[type-arg]
    command = commands.add_parser("serve", parents=[shared], help="start the web application (the same as python app.py)")
    command.add_argument("--host", help="address to listen on (default 127.0.0.1)")
    command.add_argument("--port", type=int, help="port to listen on (default 7860)")
    command.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    opened = library(options, host=options.host, port=options.port)
    from web.server import serve

    serve(opened)
    return 0
