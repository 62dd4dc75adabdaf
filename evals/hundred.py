"""Ten questions on ten themes for each of the ten systems: is each answered, and from that system's own document?

    python -m evals.hundred [--data DIR] [--show]

It says nothing about whether the quotation is the best one (see evals/answers.py for that); it finds refusals and answers
from the wrong document. Prints each failure and the count.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from casebook.library import Library, systems_of
from casebook.settings import load

QUESTIONS = (
    "How many schools and students were part of the turnaround effort in {system}?",
    "How were principals chosen for the schools in {system}?",
    "How did {system} find and train new teachers?",
    "Did {system} lengthen the school day or year?",
    "How did {system} use data to guide instruction?",
    "What did {system} do about school culture and discipline?",
    "Which community partners or donors worked with {system}?",
    "How much did turnaround cost in {system}, and who paid?",
    "What happened to test scores in {system}?",
    "What challenges threatened the gains in {system}?",
)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path)
    options.add_argument("--show", action="store_true", help="print the first statement of every answer")
    chosen = options.parse_args()
    library = Library(load(data=chosen.data))
    owners = {document.id: document.system for document in library.documents()}
    failed = 0
    for system in systems_of(library.documents()):
        for question in (pattern.format(system=system) for pattern in QUESTIONS):
            answer = library.ask(question)
            own = any(owners[c.document] == system for s in answer.statements for c in s.citations)
            if not own:
                failed += 1
                print(f"FAILED {question} {answer.reason if answer.abstained else 'answered from another document'}")
            elif chosen.show:
                print(f"{question}\n    {answer.statements[0].text}")
    print(f"{10 * len(QUESTIONS) - failed} of {10 * len(QUESTIONS)} answered from the system's own document")


if __name__ == "__main__":
    main()
