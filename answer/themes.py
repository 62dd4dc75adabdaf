"""The themes of the matrix: read from the collection's themes.toml, or from a person's own in the data folder."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from casebook.errors import UsageError
from casebook.records import Theme

MAX_THEMES = 200


def read(*paths: Path) -> list[Theme]:
    """The themes of the first of these files that exists; none: an empty list.

    Raises `UsageError` naming the file, the entry and what it lacks.
    """
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        return []
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8")).get("theme", [])
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}. Mend it, or remove it to use the bundled themes.") from error
    if not isinstance(tables, list) or not 1 <= len(tables) <= MAX_THEMES:
        raise UsageError(f"{path} must have 1 to {MAX_THEMES} [[theme]] entries. Add one, or remove the file.")
    found = [_theme(path, number, table) for number, table in enumerate(tables, 1)]
    twice = {theme.id for theme in found if sum(other.id == theme.id for other in found) > 1}
    if twice:
        raise UsageError(f"{path} has more than one theme with the id {sorted(twice)[0]!r}. Give each its own.")
    return found


def _theme(path: Path, number: int, table: Any) -> Theme:
    if not isinstance(table, dict):
        raise UsageError(f"{path}: theme {number} is no table. Write it as [[theme]] with an id and a label.")
    for key in ("id", "label"):
        if not isinstance(table.get(key), str) or not table[key].strip():
            raise UsageError(f'{path}: theme {number} needs {"an id" if key == "id" else "a label"}. Add `{key} = "…"`.')
    label = str(table["label"])
    terms = table.get("terms", [])
    if not isinstance(terms, list) or not all(isinstance(term, str) for term in terms):
        raise UsageError(f"{path}: the terms of theme {table['id']!r} must be a list of words in quotation marks.")
    question = str(table.get("question", f"What did {{system}} do about {label}?"))
    return Theme(str(table["id"]), label, str(table.get("definition", label)), question, tuple(terms))


def choose(themes: Sequence[Theme], names: Sequence[str]) -> list[Theme]:
    """The themes with these ids or labels, in the order asked for; no names: all.

    Raises `UsageError` with the ids there are.
    """
    if not names:
        return list(themes)
    known = {key.casefold(): theme for theme in themes for key in (theme.label, theme.id)}
    for name in names:
        if name.casefold() not in known:
            raise UsageError(f"There is no theme {name!r}. Themes are: {', '.join(theme.id for theme in themes)}.")
    return list(dict.fromkeys(known[name.casefold()] for name in names))
