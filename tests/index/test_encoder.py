"""The bundled encoder: near its float weights, the same bytes everywhere, damage noticed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from casebook.errors import EncoderError
from index.encoder import BASE, FOLDER, Encoder, in_torch, packaged
from index.onnx_encoder import OnnxBackend

ROOT = Path(__file__).resolve().parents[2]
TEXTS = [
    "How many schools did Boston turn around?",
    "Principals chose their own teams, and every teacher had to apply again for a place in the school.",
    "$4.2 million in 2012-13",
    "x",
    "The district added an hour to each day. " * 60,
    "Mastery",
]


def test_bytes_do_not_depend_on_company_threads_or_process() -> None:
    one, two = OnnxBackend(threads=1), OnnxBackend(threads=2)
    together = two.encode(TEXTS)
    assert together.tobytes() == one.encode(TEXTS).tobytes()
    assert together.tobytes() == np.vstack([two.encode([text]) for text in TEXTS]).tobytes()
    assert together.tobytes() == two.encode(TEXTS[::-1])[::-1].tobytes()
    script = (
        "import hashlib, json, sys; from index.encoder import Encoder; "
        "print(hashlib.sha256(Encoder().encode(json.load(sys.stdin)).tobytes()).hexdigest())"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        input=json.dumps(TEXTS),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONHASHSEED": "7"},
    )
    assert run.stdout.strip() == hashlib.sha256(together.tobytes()).hexdigest()


def test_vectors_are_unit_rows_in_the_order_given() -> None:
    encoder = Encoder()
    vectors = encoder.encode(TEXTS)
    assert (vectors.shape, vectors.dtype) == ((len(TEXTS), encoder.dimension), np.float32)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    query = encoder.encode(["teachers applied for their jobs again"])[0]
    assert int(np.argmax(vectors @ query)) == 1
    assert encoder.encode([]).shape == (0, encoder.dimension)


def test_text_over_the_limit_is_cut_at_the_limit() -> None:
    encoder = Encoder()
    long = "school " * 400
    assert encoder.count_tokens(long) == 400
    fits = "school " * (encoder.max_tokens - 2)
    assert encoder.encode([long]).tobytes() == encoder.encode([fits]).tobytes()
    assert encoder.encode(["school " * (encoder.max_tokens - 3)]).tobytes() != encoder.encode([fits]).tobytes()


def test_near_the_float_weights() -> None:
    pytest.importorskip("sentence_transformers")
    exact = in_torch()
    cosines = (exact.encode(TEXTS) * Encoder().encode(TEXTS)).sum(1)
    assert cosines.min() > 0.997
    assert exact.count_tokens(TEXTS[4]) == Encoder().count_tokens(TEXTS[4])
    assert exact.weights_sha256 != Encoder().weights_sha256


def test_the_model_it_was_trained_from_can_still_be_named() -> None:
    pytest.importorskip("sentence_transformers")
    packaged()  # raises where the package is missing
    base, ours = Encoder(BASE), Encoder()
    assert (base.dimension, base.max_tokens) == (ours.dimension, ours.max_tokens)
    assert base.weights_sha256 != ours.weights_sha256
    assert 0.5 < float((base.encode(TEXTS[:1]) * ours.encode(TEXTS[:1])).sum()) < 0.9999


def test_no_torch_for_a_question() -> None:
    script = "import sys; from index.encoder import Encoder; Encoder().encode(['a question']); print('torch' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "False"


def test_damage_is_named_with_the_remedy(tmp_path: Path) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(FOLDER, folder)
    with (folder / "model.int8.onnx").open("r+b") as file:
        file.seek(9_000_000)
        file.write(b"\x00\x01\x02\x03")
    with pytest.raises(EncoderError, match=r"model\.int8\.onnx is damaged.*Restore the folder models/"):
        OnnxBackend(folder).encode(["a question"])
    (folder / "config.json").unlink()
    with pytest.raises(EncoderError, match="incomplete"):
        OnnxBackend(folder)


def test_a_model_that_is_not_there() -> None:
    with pytest.raises(EncoderError, match="cannot be loaded"):
        Encoder("no/such-model").encode(["a question"])
