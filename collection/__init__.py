"""The bundled collection: sources, the facts they rest on, and the build that turns them into PDFs.

Reading order: README.md (how a document is written), records.py (the nouns), sources.py and
sentences.py (a source becomes records), claims.py (every figure and note is held to the facts, as
figures.py and wording.py compare them), expected.py (what a PDF should read as), markup.py and
typeset.py (records become PDFs).
"""
