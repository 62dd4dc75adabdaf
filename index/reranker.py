"""The cross-encoder: reads a question and a passage together and says how likely the passage answers it.

models/selector holds it (model.int8.onnx, tokenizer.json, config.json); training/ is how it was made. Pairs run one by one
without padding, on two threads, so a score does not depend on which passages are read beside it: the same bytes always.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from casebook.errors import EncoderError
from index.encoder import file_sha256, load_tokenizer
from index.onnx_encoder import _cores

FOLDER = Path(__file__).resolve().parent.parent / "models" / "selector"
QUESTION_WORDS = 60
MAX_TOKENS = 256


class CrossEncoder:
    """Loaded when first used. Raises `EncoderError` when its files are missing or damaged."""

    def __init__(self, folder: Path = FOLDER, threads: int | None = None, max_tokens: int = MAX_TOKENS) -> None:
        self._folder, self._max_tokens = folder, max_tokens
        self._threads = threads or min(2, len(_cores()))
        try:
            self._config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise EncoderError(
                "The reranker in models/selector is incomplete. Set reranker = false or restore models/."
            ) from error

    @functools.cached_property
    def _session(self) -> Any:
        file = self._folder / "model.int8.onnx"
        found = file_sha256(file) if file.is_file() else "nothing"
        if found != self._config["sha256"][file.name]:
            raise EncoderError(
                f"The reranker's file {file.name} is damaged: found sha256 {found[:12]}. Restore the folder models/."
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])

    @functools.cached_property
    def _tokenizer(self) -> Any:
        tokenizer = load_tokenizer(self._folder / "tokenizer.json")
        tokenizer.enable_truncation(self._max_tokens, strategy="only_second")
        return tokenizer

    def scores(self, question: str, texts: Sequence[str]) -> np.ndarray:
        """(n,) float64 from 0 to 1, higher where the text answers the question; calibrated as its card says."""
        if not texts:
            return np.zeros(0)
        asked = " ".join(question.split()[:QUESTION_WORDS])
        encoded = [self._tokenizer.encode(asked, text) for text in texts]
        assert self._session  # loaded once, before threads ask for it
        if self._threads == 1 or len(texts) == 1:
            logits = [self._logit(one) for one in encoded]
        else:
            with ThreadPoolExecutor(self._threads) as pool:
                logits = list(pool.map(self._logit, encoded))
        calibration = self._config["calibration"]
        logit = np.array(logits, np.float64) / calibration["temperature"] + calibration["bias"]
        return np.round(1 / (1 + np.exp(-logit)), 6)

    def _logit(self, encoded: Any) -> float:
        ids = np.array([encoded.ids], np.int64)
        inputs = {
            "input_ids": ids,
            "attention_mask": np.ones_like(ids),
            "token_type_ids": np.array([encoded.type_ids], np.int64),
        }
        return float(np.ravel(self._session.run(None, inputs)[0])[0])
