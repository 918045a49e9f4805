"""Quantizers, recognized: QONNX `Quant`, `IntQuant`, `BipolarQuant` and the standard QuantizeLinear, DequantizeLinear."""

import re
from dataclasses import dataclass

import numpy as np
from onnx import TensorProto
from onnx.helper import tensor_dtype_to_np_dtype

from training.onnx_import.refusal import refuse
from training.onnx_import.values import Constant

NAMES = ("Quant", "IntQuant", "BipolarQuant", "QuantizeLinear", "DequantizeLinear")
ALIKE = 1e-5  # relative; scales that differ less are the same: they are float32


def away(x):
    return np.sign(x) * np.ceil(np.abs(x))


def half_up(x):
    """Ties away from zero, as QONNX has it."""
    return np.sign(x) * np.floor(np.abs(x) + 0.5)


def half_down(x):
    return np.sign(x) * np.ceil(np.abs(x) - 0.5)


ROUNDING = {
    "ROUND": np.round,
    "HALF_EVEN": np.round,
    "HALF_UP": half_up,
    "HALF_DOWN": half_down,
    "FLOOR": np.floor,
    "CEIL": np.ceil,
    "UP": away,
    "DOWN": np.trunc,
}


NEAREST = ("ROUND", "HALF_EVEN", "HALF_UP")  # the nearest level; they differ on ties alone


@dataclass(frozen=True)
class Quantizer:
    node: object
    bits: int
    scale: np.ndarray
    signed: bool = True
    narrow: bool = False
    rounding: str = "ROUND"  # a key of ROUNDING, or BIPOLAR: -1 below zero, 1 from zero on

    @property
    def bipolar(self):
        return self.rounding == "BIPOLAR"

    @property
    def limits(self):
        top = 2 ** (self.bits - self.signed) - 1
        if self.signed:
            return self.narrow - top - 1, top
        return 0, top - self.narrow

    def scalar(self):
        """The scale of an activation."""
        scale = np.unique(self.scale)
        if scale.size > 1:
            values = ", ".join(f"{s:.6g}" for s in scale[:3]) + (", ..." if scale.size > 3 else "")
            refuse(self.node, f"{scale.size} activation scales ({values})", "one scale for the whole activation tensor")
        return float(scale[0])

    def activation_bits(self, nonnegative):
        """Width of the unsigned integers that activations become."""
        if self.bipolar:
            return 1
        bits = self.bits
        if self.signed:
            # The sign of what is never negative costs a bit and says nothing.
            if not nonnegative:
                refuse(self.node, f"signed activations of {bits} bits", "unsigned ones, or signed ones right after a Relu")
            bits -= 1
        elif self.narrow:
            refuse(self.node, "narrow range of unsigned activations", "narrow 0")
        if not 1 <= bits <= 8:
            refuse(self.node, f"activations of {bits} bits", "1 to 8 bits")
        return bits


def read(node, constants):
    """The quantizer at a node, checked in itself; `constants` gives the array of a tensor, or None."""
    if node.op == "BipolarQuant":
        return Quantizer(node, 1, scale_of(node, constants), rounding="BIPOLAR")
    if node.op in ("Quant", "IntQuant"):
        return read_quant(node, constants)
    return read_linear(node, constants)


def parameter(node, constants, number, what):
    array = constants(node.input(number))
    if array is None:
        refuse(node, f"{what} computed by the graph", f"a constant {what}")
    return array


def scale_of(node, constants):
    scale = parameter(node, constants, 1, "scale").astype(np.float64)
    if not (np.isfinite(scale) & (scale > 0)).all():
        refuse(node, f"scale {scale[~(np.isfinite(scale) & (scale > 0))].flat[0]:g}", "scales above 0")
    return scale


def check_zero_point(node, zero_point):
    if zero_point.astype(np.float64).any():
        refuse(node, f"zero point {zero_point[zero_point != 0].flat[0]}", "zero point 0")


def read_quant(node, constants):
    check_zero_point(node, parameter(node, constants, 2, "zero point"))
    bits = parameter(node, constants, 3, "number of bits")
    if bits.size != 1 or bits.flat[0] not in range(1, 33):
        refuse(node, f"bits {', '.join(f'{b:g}' for b in bits.flat)}", "one whole number of bits, 1 to 32")
    rounding = node.attribute("rounding_mode", "ROUND").upper()
    if rounding not in ROUNDING:
        refuse(node, f"rounding_mode {rounding}", ", ".join(ROUNDING))
    signed, narrow = bool(node.attribute("signed", 1)), bool(node.attribute("narrow", 0))
    bits = int(bits.flat[0])
    if bits - signed < 1 or not signed and bits - narrow < 1:
        refuse(node, f"bits {bits}, signed {int(signed)}, narrow {int(narrow)}", "two levels or more (BipolarQuant for -1 and 1)")
    return Quantizer(node, bits, scale_of(node, constants), signed, narrow, rounding)


def read_linear(node, constants):
    if node.attribute("block_size", 0):
        refuse(node, f"block_size {node.attribute('block_size')}", "no blocks")
    scale = scale_of(node, constants)
    kind = node.attribute("output_dtype", 0) or TensorProto.UINT8  # where no zero point says it
    zero_point = constants(node.input(2)) if node.input(2) else np.zeros(1, tensor_dtype_to_np_dtype(kind))
    if zero_point is None:
        refuse(node, "zero point computed by the graph", "a constant zero point")
    match = re.fullmatch(r"(u?)int(\d+)", zero_point.dtype.name)
    if not match:
        refuse(node, f"type {zero_point.dtype.name}", "integers")
    check_zero_point(node, zero_point)
    return Quantizer(node, int(match[2]), scale, signed=not match[1])


def along_axis(quantizer, shape):
    """The scale of QuantizeLinear or DequantizeLinear in the shape of its tensor. (Quant's broadcasts by itself.)"""
    scale = quantizer.scale
    if scale.size > 1 and scale.ndim == 1 and quantizer.node.op.endswith("Linear"):
        axis = quantizer.node.attribute("axis", 1)
        scale = scale.reshape([-1 if i == axis % len(shape) else 1 for i in range(len(shape))])
    try:
        return np.broadcast_to(scale, shape)
    except ValueError:
        refuse(quantizer.node, f"scale of shape {list(quantizer.scale.shape)}", f"one that fits {list(shape)}")


def quantize_constant(quantizer, constant):
    """A constant through a quantizer."""
    values, scale = constant.array, along_axis(quantizer, constant.array.shape)
    if not values.size or not np.isfinite(values.astype(np.float64)).all():
        refuse(quantizer.node, "a constant that is empty or not finite", "finite numbers")
    if quantizer.node.op == "DequantizeLinear":
        if values.dtype.kind == "f":
            refuse(quantizer.node, f"a constant of type {values.dtype.name}", "integers")
        return Constant(values.astype(np.float64) * scale, values.astype(np.int64), scale)
    if quantizer.bipolar:
        levels = np.where(values >= 0, 1, -1)
    else:
        # In float32, as the model computes it: a weight on a tie falls as it does there.
        ratio = values.astype(np.float32) / scale.astype(np.float32)
        levels = ROUNDING[quantizer.rounding](np.clip(ratio, *quantizer.limits)).astype(np.int64)
    if quantizer.node.op == "QuantizeLinear":
        return Constant(levels)
    return Constant(levels * scale, levels, scale, quantizer.bipolar)
