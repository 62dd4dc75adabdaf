"""Every gold question holds to the bundled collection as it is read today."""

from casebook.library import Library
from evals.check_gold import GOLD, check, read_gold, read_pages, themes


def test_every_quote_stands_on_its_page(library: Library):
    rows = read_gold([GOLD])
    systems = {d.system for d in library.documents() if d.system}
    problems = check(rows, read_pages(library), systems, themes())
    assert len(rows) > 200
    assert not problems, "\n".join(map(str, problems[:20]))
