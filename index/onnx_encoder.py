"""The bundled encoder in ONNX Runtime: 8-bit weights, one text at a time, on two threads.

The weights are quantized in blocks and the activations row by row while it runs (MatMulNBits), so a token's numbers hang
on its own text alone. Texts run one by one, without padding, so a vector does not depend on what else is encoded, how
many threads there are, or in which process: the bytes are the same. `index.export_encoder` made the file.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime

from casebook.errors import EncoderError
from index.encoder import FOLDER, REMEDY, Progress, load_tokenizer
from index.files import file_sha256

STEP = 64
"""Texts between two calls of `progress`."""


class OnnxBackend:
    """A folder with model.int8.onnx, tokenizer.json and config.json, which holds their hashes."""

    def __init__(self, folder: Path = FOLDER, threads: int | None = None) -> None:
        self._folder = folder
        self._threads = threads or min(2, len(_cores()))
        try:
            config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
            self.dimension = int(config["dimension"])
            self.max_tokens = int(config["max_tokens"])
            self._hashes: dict[str, str] = config["files"]
        except (OSError, ValueError, KeyError) as error:
            raise EncoderError(f"The encoder in {folder.name}/ is incomplete (config.json). Restore models/.") from error

    def _checked(self, name: str) -> Path:
        path = self._folder / name
        found = file_sha256(path) if path.is_file() else "nothing"
        if found != self._hashes[name]:
            raise EncoderError(
                f"The encoder's file {name} is damaged: found sha256 {found[:12]}, expected {self._hashes[name][:12]}. "
                f"{REMEDY[0]}"
            )
        return path

    @property
    def weights_sha256(self) -> str:
        """The hash the weights must have; they are held to it before they are loaded."""
        return self._hashes["model.int8.onnx"]

    @functools.cached_property
    def _tokenizer(self) -> Any:
        return load_tokenizer(self._checked("tokenizer.json"))

    @functools.cached_property
    def _session(self) -> Any:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1  # threads of ours run texts side by side
        options.log_severity_level = 3
        try:
            path = str(self._checked("model.int8.onnx"))
            return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        except RuntimeError as error:  # onnxruntime's own errors derive from it
            raise EncoderError(f"The encoder cannot be loaded: {str(error).splitlines()[0]}") from error

    def count_tokens(self, text: str) -> int:
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def knows(self, word: str) -> bool:
        return self._tokenizer.token_to_id(word) is not None

    def _vector(self, text: str) -> np.ndarray:
        ids = self._tokenizer.encode(text).ids
        if len(ids) > self.max_tokens:
            ids = [*ids[: self.max_tokens - 1], ids[-1]]  # the closing token stays
        found: np.ndarray = self._session.run(None, {"input_ids": np.array([ids], np.int64)})[0][0]
        return found

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """(n, dimension) float32, unit rows; the longest texts run first, so that both threads end together."""
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        order = sorted(range(len(texts)), key=lambda i: (-len(texts[i]), i))
        if len(texts) == 1 or self._threads == 1:
            for done, i in enumerate(order, 1):
                vectors[i] = self._vector(texts[i])
                _tell(progress, done, len(order))
            return vectors
        self._vector("")  # loads session and tokenizer once, before threads ask for them
        with ThreadPoolExecutor(self._threads) as pool:
            for done, (i, vector) in enumerate(zip(order, pool.map(self._vector, [texts[i] for i in order]), strict=True), 1):
                vectors[i] = vector
                _tell(progress, done, len(order))
        return vectors


def _tell(progress: Progress | None, done: int, total: int) -> None:
    if progress and (done % STEP == 0 or done == total):
        progress(done, total)


def _cores() -> Sequence[int]:
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return range(os.cpu_count() or 1)
