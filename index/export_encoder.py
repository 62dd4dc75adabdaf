"""Makes models/encoder from a training result. Runs once, offline; needs torch.

    python -m index.export_encoder --model FOLDER       # what training.encoder wrote

Mean pooling and normalization are part of the graph. Weights become 8-bit integers in blocks of 32 with a scale each,
activations are quantized row by row while it runs (ONNX Runtime's MatMulNBits, accuracy level 4), the embedding table is
8-bit. The float weights are kept beside them in 16 bits, as a folder of sentence-transformers, for machines without ONNX
Runtime and for whoever goes on training. Needs requirements/models.txt (torch, onnx, onnxscript).
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import tempfile
from pathlib import Path
from typing import Any

from index.encoder import BASE, DEFAULT, FOLDER
from index.files import file_sha256

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
    onnx.save(bare(quantizer.model.model), str(out))


def bare(model: Any) -> Any:
    """An ONNX model without what the exporter notes in it: stack traces and paths of the machine."""
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    for node in [*model.graph.node, *model.graph.value_info, *model.graph.initializer]:
        del node.metadata_props[:]
        node.doc_string = ""
    return model


def halved(source: Path, out: Path) -> None:
    """A folder of sentence-transformers with its weights in 16 bits: half the size, the same vectors to four digits."""
    import torch
    from safetensors.torch import load_file, save_file

    for file in (f for f in source.rglob("*") if f.is_file() and f.suffix in (".json", ".txt")):
        copy = out / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(file.read_bytes())
    weights = load_file(source / "model.safetensors")
    small = {k: v.to(torch.float16).contiguous() if v.is_floating_point() else v.contiguous() for k, v in weights.items()}
    save_file(small, out / "model.safetensors", metadata={"format": "pt"})


def main() -> None:
    logging.disable(logging.WARNING)
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=Path, required=True, help="what training.encoder wrote")
    parser.add_argument("--out", type=Path, default=FOLDER)
    options = parser.parse_args()
    out: Path = options.out
    out.mkdir(parents=True, exist_ok=True)
    halved(options.model, out / "float")
    with tempfile.TemporaryDirectory() as folder:
        to_onnx(options.model, Path(folder) / "float.onnx")
        quantize(Path(folder) / "float.onnx", out / "model.int8.onnx")
    shutil.copyfile(options.model / "tokenizer.json", out / "tokenizer.json")
    config = {
        "name": DEFAULT,
        "trained_from": BASE,
        "dimension": 384,
        "max_tokens": 256,
        "float_sha256": file_sha256(out / "float" / "model.safetensors"),
        "block": BLOCK,
        "files": {name: file_sha256(out / name) for name in ("model.int8.onnx", "tokenizer.json")},
    }
    (out / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
