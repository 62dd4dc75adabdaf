"""`verify` and `doctor`: is the index what the PDFs say, and is this machine fit to run it."""

from __future__ import annotations

import argparse
import shutil
import sys
from importlib.metadata import PackageNotFoundError, version

from casebook.commands import library
from casebook.errors import CasebookError


def register(commands: argparse._SubParsersAction, shared: argparse.ArgumentParser) -> None:  # type: ignore[type-arg]
    verify = commands.add_parser("verify", parents=[shared], help="extract every document again and compare with the index")
    verify.set_defaults(run=run_verify)
    doctor = commands.add_parser("doctor", parents=[shared], help="check the installation, the weights and the index")
    doctor.set_defaults(run=run_doctor)


def run_verify(options: argparse.Namespace) -> int:
    from casebook.verification import verify

    found = verify(library(options))
    for problem in found.problems:
        print(problem, file=sys.stderr)
    if found.problems:
        print("The index differs from its documents. Repair it with: python -m casebook ingest --rebuild", file=sys.stderr)
        return 1
    print(f"Verified: {found.documents} documents, {found.pages} pages, {found.passages} passages, all as the PDFs say.")
    return 0


PACKAGES = ("sentence-transformers", "faiss-cpu", "pypdf", "pypdfium2", "gradio", "nupunkt", "torch")


def run_doctor(options: argparse.Namespace) -> int:
    opened = library(options)
    good = True
    print(f"Python {sys.version.split()[0]}")
    for name in PACKAGES:
        try:
            print(f"  {name} {version(name)}")
        except PackageNotFoundError:
            good = False
            print(f"  {name} is missing. Run: pip install -r requirements.txt")
    free = shutil.disk_usage(opened.settings.data if opened.settings.data.exists() else opened.settings.data.parent).free
    print(f"Data folder {opened.settings.data}: {free / 1e9:.1f} GB free")
    for label, check in (("Encoder", _encoder), ("Index", _index)):
        try:
            print(f"{label}: {check(opened)}")
        except CasebookError as error:
            good = False
            print(f"{label}: {error}")
    return 0 if good else 1


def _encoder(opened) -> str:  # type: ignore[no-untyped-def]
    return f"{opened.encoder.name}, weights {opened.encoder.weights_sha256[:12]}, as expected"


def _index(opened) -> str:  # type: ignore[no-untyped-def]
    counts = opened.snapshot.manifest.counts
    return f"{opened.snapshot.manifest.id}: " + ", ".join(f"{n} {what}" for what, n in counts.items())
