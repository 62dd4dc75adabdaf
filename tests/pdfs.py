"""Real PDFs for the tests, typeset on the spot."""

from __future__ import annotations

from pathlib import Path

import pypdf
import typst

HEADER = "Running header of the report"

BODY = """
= Overview
The turnaround office reorganized the responsibilities of full-time administrators in 2010 #super[\\[1\\]]. It spent
\\$1.2 million on twelve schools, or 4.5 percent of its budget. Principals chose their own teams. #lorem(40)

== Quick facts
#table(columns: 2, [Fact], [Figure], [Schools in the first round of the program], [12 of 135 [2]],
  [A fact with a long name that surely wraps over several lines of its narrow cell],
  [57,050 pupils, and words that wrap as well [3]],
  [Cost], [\\$26 million])

== Results
Proficiency in mathematics rose from 24 to 31 percent between 2010 and 2013. #lorem(420)

= Lessons
The district concluded that leadership mattered most. #lorem(320)
"""


def typeset(
    path: Path, body: str = BODY, *, columns: int = 1, title: str = "A Report on Turnaround", date: str = "2026"
) -> Path:
    """A PDF with a running header, page numbers, headings, a table, justified and hyphenated text."""
    source = f"""
#set document(title: "{title}", date: datetime(year: {date}, month: 1, day: 1))
#set page(paper: "us-letter", columns: {columns}, header: [{HEADER}], footer: context align(center, counter(page).display()))
#set text(size: 10.5pt, hyphenate: true, lang: "en")
#set par(justify: true)
{body}
"""
    typst.compile(source.encode(), output=str(path), ignore_system_fonts=True)
    return path


def encrypt(source: Path, target: Path, password: str) -> Path:
    writer = pypdf.PdfWriter(clone_from=source)
    writer.encrypt(password, algorithm="AES-256")
    with target.open("wb") as file:
        writer.write(file)
    return target
