"""The cross-encoder: reads a question and a text together and says how likely the text answers it.

models/selector holds it in two halves. The lower one (three layers) has a head of its own and is the reranker of passages; the
upper one goes on from there and is the answer selector, which reads single sentences. training/ is how it was made. Pairs
run one by one without padding, on two threads, so a score does not depend on what is read beside it: the same bytes always.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Literal

import numpy as np
import onnxruntime

from casebook.errors import EncoderError
from index.encoder import file_sha256, load_tokenizer
from index.onnx_encoder import _cores

FOLDER = Path(__file__).resolve().parent.parent / "models" / "selector"
QUESTION_WORDS = 60
MAX_TOKENS = 256
KEPT = 10_000
"""Verdicts remembered: whoever changes how careful an answer must be asks the same again, and many press the same examples."""

Depth = Literal["early", "full"]


class CrossEncoder:
    """Loaded when first used. `depth` "early" reads the lower half alone, at half the cost.

    Raises `EncoderError` when its files are missing or damaged.
    """

    def __init__(
        self, folder: Path = FOLDER, depth: Depth = "full", threads: int | None = None, max_tokens: int = MAX_TOKENS
    ) -> None:
        self._folder, self._depth, self._max_tokens = folder, depth, max_tokens
        self._threads = threads or min(2, len(_cores()))
        self._logit = functools.lru_cache(KEPT)(self._read)
        try:
            self._config: dict[str, Any] = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise EncoderError(
                "The reranker in models/selector is incomplete. Set reranker = false or restore models/."
            ) from error

    def scores(self, question: str, texts: Sequence[str]) -> np.ndarray:
        """(n,) float64 from 0 to 1, higher where the text answers the question; calibrated as its card says."""
        return np.round(1 / (1 + np.exp(-self.verdicts(question, texts))), 6)

    def verdicts(self, question: str, texts: Sequence[str]) -> np.ndarray:
        """The same as log-odds, (n,) float64."""
        calibration = self._config["calibration"][self._depth]
        return np.round(self.logits(question, texts) / calibration["temperature"] + calibration["bias"], 6)

    def logits(self, question: str, texts: Sequence[str]) -> np.ndarray:
        """(n,) float64, as the model gives them."""
        read = functools.partial(self._logit, " ".join(question.split()[:QUESTION_WORDS]))
        assert self._tokenizer and self._lower and (self._depth == "early" or self._upper)  # loaded once, before threads ask
        return each(read, texts, self._threads)

    @functools.cached_property
    def _tokenizer(self) -> Any:
        tokenizer = load_tokenizer(self._folder / "tokenizer.json")
        tokenizer.enable_truncation(self._max_tokens, strategy="only_second")
        return tokenizer

    @functools.cached_property
    def _lower(self) -> Any:
        return self._loaded("lower.int8.onnx")

    @functools.cached_property
    def _upper(self) -> Any:
        return self._loaded("upper.int8.onnx")

    def _loaded(self, name: str) -> Any:
        return session(self._folder / name, self._config["sha256"][name])

    def _read(self, question: str, text: str) -> float:
        encoded = self._tokenizer.encode(question, text)
        inputs = {"input_ids": np.array([encoded.ids], np.int64), "token_type_ids": np.array([encoded.type_ids], np.int64)}
        if self._depth == "early":
            return float(np.ravel(self._lower.run(["early"], inputs)[0])[0])
        states = self._lower.run(["states"], inputs)[0]
        return float(np.ravel(self._upper.run(["logit"], {"states": states})[0])[0])


def each(read: Callable[[str], float], texts: Sequence[str], threads: int) -> np.ndarray:
    """(n,) float64: what `read` says of every text, side by side on so many threads, in the order given."""
    if threads == 1 or len(texts) < 2:
        return np.array([read(text) for text in texts], np.float64)
    with ThreadPoolExecutor(threads) as pool:
        return np.array(list(pool.map(read, texts)), np.float64)


@functools.lru_cache(maxsize=4)
def session(file: Path, sha256: str) -> Any:
    """One session a file: the reranker and the selector share the lower half. Raises `EncoderError` for a damaged file."""
    found = file_sha256(file) if file.is_file() else "nothing"
    if found != sha256:
        raise EncoderError(
            f"The file models/{file.parent.name}/{file.name} is damaged: found sha256 {found[:12]}. Restore the folder models/."
        )
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
