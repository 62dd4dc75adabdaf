"""A small real library: two typeset reports, ingested once by the real pipeline, shared read-only."""

from __future__ import annotations

from pathlib import Path

import pytest

from casebook.library import Library
from casebook.settings import load
from tests.pdfs import typeset

SECOND = """
= Overview
Harbor City opened a leadership academy for principals of its weakest schools in 2011. Each principal received \\$30,000 a year.
The academy trained 48 principals in three years.

= Time
The school day grew by 90 minutes in nine schools. Teachers were paid for the added hours. #lorem(60)
"""


def make_reports(folder: Path) -> list[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    return [
        typeset(folder / "river.pdf", title="River Valley Schools"),
        typeset(folder / "harbor.pdf", SECOND, title="Harbor City Schools"),
    ]


@pytest.fixture(scope="session")
def reports(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return make_reports(tmp_path_factory.mktemp("reports"))


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory, reports: list[Path]) -> Library:
    opened = Library(load(data=tmp_path_factory.mktemp("small")))
    opened.ingest(reports)
    return opened
