"""The bundled collection, ingested once in a session: what compare, follow-ups and exports are tested on."""

from __future__ import annotations

import pytest

from casebook.library import Library
from casebook.settings import load
from tests.pdfs import typeset

PLANTED = """
= Overview
River Valley hired twelve tutors for three schools in 2014 and paid each of them \\$19,000 a year from a state grant.
=SUM(1) cells and <script>alert(1)</script> stood in its table of costs, together with *stars* and [links](http://example.com).

= Time
The school day grew by 45 minutes in the three schools. The added time went to mathematics and to planning by teacher teams.
"""


@pytest.fixture(scope="session")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Two systems in folders of their own, and themes of the person's own."""
    folder = tmp_path_factory.mktemp("pair")
    for system, text in (("River Valley", PLANTED), ("Harbor City", HARBOR)):
        (folder / "files" / system).mkdir(parents=True)
        typeset(folder / "files" / system / f"{system.split()[0].lower()}.pdf", text, title=f"{system} Schools")
    opened = Library(load(data=folder / "data"))
    opened.ingest([folder / "files"])
    (folder / "data" / "themes.toml").write_text(THEMES, encoding="utf-8")
    return opened


HARBOR = """
= Overview
Harbor City opened a leadership academy for principals of its weakest schools in 2011. Each principal received \\$30,000 a year.
The academy trained 48 principals in three years.

= Time
The school day grew by 90 minutes in nine schools. Teachers were paid for the added hours by a federal grant of \\$2 million.
"""

THEMES = """
[[theme]]
id = "time"
label = "Time"
definition = "How the school day or year was extended."
question = "How did {system} extend the school day?"
terms = ["longer day", "school day", "minutes"]

[[theme]]
id = "principals"
label = "Principals"
definition = "How principals were chosen, trained and paid."
question = "How did {system} train and pay its principals?"
terms = ["principal", "leadership academy"]

[[theme]]
id = "marine"
label = "Marine biology"
definition = "Whales, reefs and fishing fleets."
question = "Which whales live near {system}?"
terms = ["whale", "reef"]
"""


@pytest.fixture(scope="session")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Library:
    """The eleven bundled documents. Slow to make (about a minute): for tests marked slow."""
    opened = Library(load(data=tmp_path_factory.mktemp("collection")))
    opened.ingest()
    return opened
