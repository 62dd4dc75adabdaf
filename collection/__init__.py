"""The bundled collection: sources, the facts they rest on, and the build that turns them into PDFs.

Reading order: README.md (how a document is written), sources.py (a source becomes records),
claims.py (every figure and note is held to the facts), expected.py (what a PDF should read as),
typeset.py (records become PDFs).
"""
