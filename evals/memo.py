"""Remembers what the cross-encoder said of a pair, in a file: reading is most of what a measurement costs."""

from __future__ import annotations

import atexit
import hashlib
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from answer.evidence import Relevance
from index import reranker


def remembered(relevance: Relevance | None, cache: Path | None, folder: Path = reranker.FOLDER) -> Relevance | None:
    """`relevance`, asked at most once for a pair; kept in `cache` under the hash of its model's configuration."""
    if relevance is None or cache is None:
        return relevance
    model = hashlib.sha256((folder / "config.json").read_bytes()).hexdigest()[:12]
    file = cache / f"verdicts-{model}.json"
    known: dict[str, float] = json.loads(file.read_text()) if file.is_file() else {}
    before = len(known)

    def keep() -> None:
        if len(known) > before:
            file.parent.mkdir(parents=True, exist_ok=True)
            merged = (json.loads(file.read_text()) if file.is_file() else {}) | known
            file.write_text(json.dumps(merged))

    atexit.register(keep)

    def asked(question: str, texts: Sequence[str]) -> np.ndarray:
        keys = [hashlib.sha256(f"{question}\0{text}".encode()).hexdigest()[:24] for text in texts]
        new = [(key, text) for key, text in zip(keys, texts, strict=True) if key not in known]
        if new:
            logits = relevance(question, [text for _, text in new])
            known.update({key: round(float(x), 6) for (key, _), x in zip(new, logits, strict=True)})
        return np.array([known[key] for key in keys])

    return asked
