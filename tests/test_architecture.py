"""Imports go one way: app, web, commands -> casebook.library -> {ingest, index, answer} -> records, errors."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BASE = {"casebook.records", "casebook.errors"}
PARTS = ("ingest", "index", "answer")


def modules(package: str) -> list[Path]:
    return sorted((ROOT / package).rglob("*.py"))


def imports(path: Path) -> set[str]:
    """Absolute names of what a file imports from this project."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module)
            found.update(f"{node.module}.{alias.name}" for alias in node.names)
    return {name for name in found if name.split(".")[0] in {"casebook", "web", "evals", "training", *PARTS}}


@pytest.mark.parametrize("package", PARTS)
def test_the_three_parts_know_only_records_and_errors(package: str) -> None:
    for path in modules(package):
        for name in imports(path):
            allowed = name.split(".")[0] == package or any(name == base or name.startswith(base + ".") for base in BASE)
            assert allowed or name == "casebook", f"{path.relative_to(ROOT)} imports {name}"


def test_records_and_errors_stand_on_the_standard_library_alone() -> None:
    for name in ("records", "errors"):
        path = ROOT / "casebook" / f"{name}.py"
        tops = {
            (node.module or "").split(".")[0]
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom)
        }
        assert tops <= {"__future__", "dataclasses", "collections", "typing"}


def test_only_the_encoder_imports_sentence_transformers_and_only_vectors_faiss() -> None:
    homes = {"sentence_transformers": "index", "faiss": "index/vectors.py", "gradio": "web"}
    for package in ("casebook", "web", *PARTS):
        for path in modules(package):
            text = path.read_text(encoding="utf-8")
            where = path.relative_to(ROOT).as_posix()
            for library, home in homes.items():
                if f"import {library}" in text or f"from {library}" in text:
                    assert where.startswith(home), f"{where} imports {library}"


def test_nothing_below_the_library_imports_what_is_above() -> None:
    above = {"casebook.library", "casebook.commands", "web"}
    for package in PARTS:
        for path in modules(package):
            assert not any(name.startswith(tuple(above)) for name in imports(path)), path


def test_help_loads_nothing_heavy() -> None:
    code = (
        "import sys; from casebook.__main__ import parser; parser().format_help(); "
        "print([m for m in ('torch','gradio','faiss','numpy','sentence_transformers','pydantic') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[]"
