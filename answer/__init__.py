"""Hits become statements: verbatim sentences with their place, or an honest abstention."""
