"""Shared by all tests: one index of the bundled collection, made once and kept under build/test-data."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from casebook.library import Library
from casebook.settings import ROOT, load

CACHE = ROOT / "build" / "test-data"


@pytest.fixture(scope="session")
def library() -> Library:
    """The bundled collection, open. Read from it only; `own_library` is for tests that change something."""
    found = Library(load(data=_folder(), workers=2))
    with FileLock(CACHE / "ingest.lock", timeout=900):
        found.ingest()  # costs a hash a document when it is there and made alike
    return found


@pytest.fixture
def own_library(library: Library, tmp_path: Path) -> Library:
    """A copy of the collection's index that a test may change."""
    shutil.copytree(library.settings.data, tmp_path / "data")
    return Library(load(data=tmp_path / "data", workers=1))


@pytest.fixture(scope="session")
def make_pdf() -> Callable[[Path, list[str]], Path]:
    """make_pdf(path, paragraphs): a real PDF of one page, typeset with typst; text is set as it is given."""
    import typst

    def make(path: Path, paragraphs: list[str]) -> Path:
        body = "\n\n".join(f"#text({_string(one)})" for one in paragraphs)
        path.write_bytes(typst.compile(b"#set page(width: 40cm, height: 20cm)\n#set text(size: 11pt)\n" + body.encode()))
        return path

    return make


def _string(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _folder() -> Path:
    """Named by the bundled files' content, so that a changed collection is ingested anew."""
    digest = hashlib.sha256()
    for file in sorted((ROOT / "collection").glob("*.pdf")):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    for name in ("catalog.toml", "questions.jsonl"):
        digest.update((ROOT / "collection" / name).read_bytes())
    folder = CACHE / digest.hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    return folder
