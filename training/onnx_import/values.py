"""What a tensor of the graph is, seen from the macro."""

from dataclasses import dataclass, replace

import numpy as np


@dataclass(frozen=True)
class Constant:
    """Numbers; with levels and scale (of the same shape) if they went through a quantizer."""

    array: np.ndarray
    levels: np.ndarray | None = None
    scale: np.ndarray | None = None
    bipolar: bool = False

    def map(self, change):
        """The same change of shape for all three."""
        parts = (self.array, self.levels, self.scale)
        array, levels, scale = (None if part is None else change(part) for part in parts)
        return replace(self, array=array, levels=levels, scale=scale)


@dataclass(frozen=True)
class Image:
    """The graph's input before its quantizer."""

    shape: tuple


@dataclass(frozen=True)
class Activation:
    """What a layer (or the image) gives: real value = scale * integer + offset."""

    source: str  # name of the layer
    shape: tuple  # channels, height, width
    bits: int
    scale: float
    offset: float = 0.0  # not 0 only for bipolar ones: bits 0 and 1 stand for -scale/2 and scale/2
    flat: bool = False  # two dimensions in ONNX
    raw: bool = False  # between QuantizeLinear and DequantizeLinear
    averaged: bool = False  # behind an average that no quantizer has seen: the file rounds it to the nearest level


@dataclass(frozen=True)
class Matrix:
    """A layer of weights that is not written yet: what follows it decides on signs and requantization."""

    node: object
    keys: dict  # kind, outputs, kernel...
    source: Activation
    levels: np.ndarray
    bipolar: bool
    shape: tuple


@dataclass(frozen=True)
class Affine:
    """Real numbers that no quantizer has seen yet: the sum of multipliers[j] * source, plus bias[j], per channel j.

    A matrix as source counts in sixteenths of a unit, as its accumulators do.
    """

    node: object  # gives the layer its name
    sources: tuple  # matrices or activations, one or two
    multipliers: tuple
    bias: np.ndarray
    shape: tuple
    flat: bool = False
    relu: bool = False
    after: tuple = ()  # layers (node, entry, shape) that commute with the quantizer and are written behind it

    def scaled(self, gain, shift):
        """gain[j] * self + shift[j]."""
        multipliers = tuple(m * gain for m in self.multipliers)
        return replace(self, multipliers=multipliers, bias=self.bias * gain + shift)
