"""The judge: a larger cross-encoder that reads one stretch of text and says how likely it answers a question.

models/judge holds it, with a card; training/judge.py is how it was made. Texts run one by one without padding, each on one
thread, so a verdict does not depend on what is read beside it: the same bytes always.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from casebook.errors import EncoderError
from index.encoder import load_tokenizer
from index.onnx_encoder import _cores
from index.reranker import KEPT, QUESTION_WORDS, each, session

FOLDER = Path(__file__).resolve().parent.parent / "models" / "judge"
WEIGHTS = "judge.onnx"


class Judge:
    """Loaded when first used. Raises `EncoderError` when its files are missing or damaged."""

    def __init__(self, folder: Path = FOLDER, threads: int | None = None) -> None:
        self._folder = folder
        self._threads = threads or min(2, len(_cores()))
        self._verdict = functools.lru_cache(KEPT)(self._read)
        try:
            self._config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise EncoderError("The judge in models/judge is incomplete. Set judge = false or restore models/.") from error

    def logits(self, question: str, texts: Sequence[str]) -> np.ndarray:
        """(n,) float64, higher where the text answers the question."""
        read = functools.partial(self._verdict, " ".join(question.split()[:QUESTION_WORDS]))
        assert self._session and self._tokenizer  # loaded once, before threads ask for them
        return each(read, texts, self._threads)

    @functools.cached_property
    def _tokenizer(self) -> Any:
        tokenizer = load_tokenizer(self._folder / "tokenizer.json")
        tokenizer.enable_truncation(int(self._config["max_tokens"]), strategy="only_second")
        return tokenizer

    @functools.cached_property
    def _session(self) -> Any:
        return session(self._folder / WEIGHTS, self._config["sha256"][WEIGHTS])

    def _read(self, question: str, text: str) -> float:
        ids = self._tokenizer.encode(question, text).ids
        found = self._session.run(["logit"], {"input_ids": np.array([ids], np.int64)})[0]
        return round(float(np.ravel(found)[0]), 6)
