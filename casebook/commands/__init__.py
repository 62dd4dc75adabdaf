"""The commands, one module a group. Each has `register(commands, shared)`; heavy imports happen when a command runs."""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from casebook.library import Library


def library(options: argparse.Namespace, **flags: Any) -> Library:
    """The library over --data and the settings; `flags` are settings given on the command line."""
    # Only our own sentences go to standard error: the libraries' progress bars and notices are switched off.
    os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
    from casebook.library import Library
    from casebook.settings import load

    return Library(load(data=options.data, **flags))


def print_json(value: Any, *, lines: bool = False) -> None:
    """Prints JSON; `lines` puts it on one line and flushes, for batches read as they come."""
    text = json.dumps(value, ensure_ascii=False, indent=None if lines else 2)
    sys.stdout.write(text.encode("utf-8", "replace").decode("utf-8") + "\n")
    if lines:
        sys.stdout.flush()
