"""Extraction in worker processes with a time and a memory limit: a hostile PDF costs one worker, never the application."""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass
from pathlib import Path

from pebble import ProcessExpired, ProcessPool

from casebook.errors import DocumentError, ExtractionError
from ingest.extract import Extracted, extract


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may take; `workers` 0 means one a core, at most four."""

    workers: int = 0
    seconds: float = 120.0
    megabytes: int = 2048

    @property
    def processes(self) -> int:
        return self.workers or min(4, os.cpu_count() or 1)


def _limit_memory(megabytes: int) -> None:
    if sys.platform != "win32":
        import resource

        size = megabytes * 1024 * 1024
        resource.setrlimit(resource.RLIMIT_AS, (size, size))


def _read(path: Path, password: str | None) -> Extracted | DocumentError:
    """Errors travel back as values: exceptions lose their class when a worker's traceback is pickled."""
    try:
        return extract(path, password)
    except DocumentError as error:
        return error
    except MemoryError:
        return ExtractionError(f"{path.name} needs more memory than allowed (file_megabytes).")
    except Exception as error:  # noqa: BLE001  any parser bug sets one file aside, with its name
        return ExtractionError(f"{path.name} cannot be read ({type(error).__name__}). Export it as PDF again.")


def extract_all(
    paths: Sequence[Path], password: str | None = None, limits: Limits = Limits()
) -> Iterator[Extracted | DocumentError]:
    """Yields, for each path in order, its pages or the error that sets it aside."""
    if not paths:
        return
    context = multiprocessing.get_context("spawn")
    workers = min(limits.processes, len(paths))
    with ProcessPool(workers, initializer=_limit_memory, initargs=(limits.megabytes,), context=context) as pool:
        futures = [pool.schedule(_read, args=(path, password), timeout=limits.seconds) for path in paths]
        try:
            for path, future in zip(paths, futures, strict=True):
                yield _result(path, future, limits)
        except BaseException:
            pool.stop()
            raise


def _result(path: Path, future, limits: Limits) -> Extracted | DocumentError:  # type: ignore[no-untyped-def]
    try:
        return future.result()
    except FutureTimeout:
        return ExtractionError(f"{path.name} took longer than {limits.seconds:.0f} s to read (file_seconds).")
    except (ProcessExpired, MemoryError):
        return ExtractionError(f"{path.name} made the PDF reader stop; it is damaged or needs more than {limits.megabytes} MB.")
