"""Quantized ONNX and QONNX models as network files: docs/onnx.md.

`convert` gives a `Network` or raises `Refused`, `write` stores it: `python -m training.onnx_import MODEL.onnx OUT.yaml`.
"""

from training.onnx_import.convert import convert
from training.onnx_import.refusal import Refused
from training.onnx_import.writing import Network, write

__all__ = ["Network", "Refused", "convert", "write"]
