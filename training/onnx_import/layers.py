"""Layers of the file: entries and tensors, in order, as quantizers settle them."""

import re
from dataclasses import dataclass, field, replace

import numpy as np

from training.onnx_import import folding, formats
from training.onnx_import.quantizers import ALIKE
from training.onnx_import.refusal import refuse
from training.onnx_import.values import Activation, Matrix

IMAGE = "image"


@dataclass
class Builder:
    """The network so far."""

    range: int | str
    layers: list = field(default_factory=list)
    tensors: dict = field(default_factory=dict)
    notes: list = field(default_factory=list)
    input: dict | None = None

    def note(self, place, text):
        self.notes.append(f"{place}: {text}")

    def name(self, node):
        """The node's own name where the file allows it, and unique."""
        name = re.sub(r"[^A-Za-z0-9_-]+", "_", node.name).strip("_") or f"{node.op.lower()}{node.index}"
        taken, number, unique = {IMAGE, *(layer["name"] for layer in self.layers)}, 1, name
        while unique in taken:
            number += 1
            unique = f"{name}_{number}"
        return unique

    def tensor(self, layer, what, array):
        name = f"{layer}.{what}"
        self.tensors[name] = array
        return name

    def add(self, node, kind, source, entry):
        """A layer's entry; the name is first so that the file reads well."""
        name = self.name(node)
        self.layers.append({"name": name, "kind": kind, "from": source, **entry})
        return name

    def host(self, node, kind, activation, entry, shape):
        """A layer that changes neither levels nor their meaning: pooling, flatten."""
        return replace(activation, source=self.add(node, kind, activation.source, entry), shape=shape)

    def matrix(self, matrix, signs):
        """A layer of weights, outputs with sign -1 negated. What becomes of the sums is not in it yet."""
        levels = matrix.levels * signs.astype(np.int64).reshape(-1, *[1] * (matrix.levels.ndim - 1))
        keys = dict(matrix.keys)
        kind = keys.pop("kind")
        entry = {
            **keys,
            "weights": self.tensor(self.name(matrix.node), "weight", levels.astype(np.int8)),
            "format": formats.choose(matrix.node, levels, matrix.bipolar),
            "activation_bits": matrix.source.bits,
            "range": self.range,
        }
        name = self.add(matrix.node, kind, matrix.source.source, entry)
        return name

    def quantize(self, affine, quantizer):
        """What a quantizer makes of sums: activations, and behind them what was waiting."""
        bits = quantizer.activation_bits(affine.relu)
        scale, offset = quantizer.scalar(), 0.0
        ratios = [m / scale for m in affine.multipliers]
        settle = self.requantize if len(affine.sources) == 1 else self.residual
        name = settle(affine, ratios, affine.bias / scale, bits, quantizer.rounding)
        if quantizer.bipolar:
            scale, offset = 2 * scale, -scale
        shape = affine.sources[0].shape
        activation = Activation(name, shape, bits, scale, offset)
        for node, kind, entry, shape in affine.after:
            activation = self.host(node, kind, activation, entry, shape)
        return replace(activation, flat=affine.flat)

    def requantize(self, affine, ratios, offsets, bits, rounding):
        """A layer of weights whose sums the macro requantizes."""
        (matrix,), (ratios,) = affine.sources, ratios
        multipliers, biases, shift = folding.requantization(matrix.node, np.abs(ratios), offsets, rounding)
        name = self.matrix(matrix, signs(ratios))
        self.layers[-1]["requantize"] = {
            "bits": bits,
            "shift": shift,
            "multiplier": self.tensor(name, "multiplier", multipliers),
            "bias": self.tensor(name, "bias", biases),
        }
        coarse = np.count_nonzero((multipliers < 8) & (ratios != 0))
        if coarse:
            self.note(matrix.node, f"{coarse} of {len(multipliers)} outputs have multipliers below 8, of 255")
        return name

    def residual(self, affine, ratios, offsets, bits, rounding):
        """An addition by the host; sums that it takes are read as they are."""
        names = []
        for source in affine.sources:
            of_matrix = isinstance(source, Matrix)
            names.append(self.matrix(source, np.ones(source.shape[0])) if of_matrix else source.source)
        factors, biases, shift = folding.addition(affine.node, ratios, offsets, rounding)
        name = self.add(affine.node, "add", names, {"bits": bits, "shift": shift})
        multipliers = [self.tensor(name, f"multiplier_{letter}", f) for letter, f in zip("ab", factors)]
        self.layers[-1].update(multipliers=multipliers, bias=self.tensor(name, "bias", biases))
        return name

    def sums(self, affine):
        """The last layer: only sums with one common factor can be compared with each other."""
        (matrix,), (multipliers,) = affine.sources, affine.multipliers
        factors = np.abs(multipliers)
        if factors.min() < factors.max() * (1 - ALIKE):
            problem = f"scales of outputs from {16 * factors.min():.6g} to {16 * factors.max():.6g} in the last layer"
            refuse(matrix.node, problem, "one scale for all, or a quantizer behind it")
        if not factors.max() > 0:
            refuse(matrix.node, "scale 0 of the last layer", "scales other than 0")
        biases = folding.biases(matrix.node, affine.bias / factors, 0)
        name = self.matrix(matrix, signs(multipliers))
        if biases.any():
            self.layers[-1]["bias"] = self.tensor(name, "bias", biases)


def signs(ratios):
    """The macro's multipliers are unsigned: a negative factor is moved into the weights."""
    return np.where(ratios < 0, -1, 1)
