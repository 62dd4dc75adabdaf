"""Makes models/encoder from the float weights: python -m index.export_encoder. Runs once, offline; needs torch.

Mean pooling and normalization are part of the graph. Weights become 8-bit integers in blocks of 32 with a scale each,
activations are quantized row by row while it runs (ONNX Runtime's MatMulNBits, accuracy level 4), the embedding table is
8-bit. Needs requirements/models.txt (torch, onnx, onnxscript).
"""

from __future__ import annotations

import json
import logging
import shutil
import tempfile
from pathlib import Path
from typing import Any

from index.encoder import DEFAULT, PACKAGE_SHA256, packaged
from index.files import file_sha256
from index.onnx_encoder import FOLDER

BLOCK = 32


def to_onnx(model_folder: Path, out: Path) -> None:
    """token ids (1, length) int64 -> vector (1, 384) float32 of length one."""
    import torch
    from transformers import AutoModel

    class Unit(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = AutoModel.from_pretrained(str(model_folder), attn_implementation="eager")

        def forward(self, input_ids: Any) -> Any:
            ones, zeros = torch.ones_like(input_ids), torch.zeros_like(input_ids)
            states = self.model(input_ids=input_ids, attention_mask=ones, token_type_ids=zeros).last_hidden_state
            return torch.nn.functional.normalize(states.mean(1), dim=1)

    torch.onnx.export(
        Unit().eval(),
        (torch.randint(1000, 20000, (1, 37)),),
        str(out),
        dynamo=True,
        external_data=False,
        input_names=["input_ids"],
        output_names=["vector"],
        dynamic_shapes=({1: torch.export.Dim("length", max=512)},),
        opset_version=18,
    )


def quantize(source: Path, out: Path) -> None:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.matmul_nbits_quantizer import MatMulNBitsQuantizer

    quantize_dynamic(source, out, weight_type=QuantType.QInt8, op_types_to_quantize=["Gather"])
    quantizer = MatMulNBitsQuantizer(onnx.load(str(out)), bits=8, block_size=BLOCK, is_symmetric=True, accuracy_level=4)
    quantizer.process()
    model = quantizer.model.model
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    for node in [*model.graph.node, *model.graph.value_info, *model.graph.initializer]:
        del node.metadata_props[:]  # stack traces and paths of the machine that exported it
        node.doc_string = ""
    onnx.save(model, str(out))


def main() -> None:
    logging.disable(logging.WARNING)
    source = packaged()
    if file_sha256(source / "model.safetensors") != PACKAGE_SHA256:
        raise SystemExit("The float weights are not the ones this was written for.")
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        to_onnx(source, Path(folder) / "float.onnx")
        quantize(Path(folder) / "float.onnx", FOLDER / "model.int8.onnx")
    shutil.copyfile(source / "tokenizer.json", FOLDER / "tokenizer.json")
    config = {
        "name": DEFAULT,
        "dimension": 384,
        "max_tokens": 256,
        "made_from_sha256": PACKAGE_SHA256,
        "block": BLOCK,
        "files": {name: file_sha256(FOLDER / name) for name in ("model.int8.onnx", "tokenizer.json")},
    }
    (FOLDER / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
