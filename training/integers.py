"""A network file, computed in integers: the equations of the theory of operation, sections 2 and 3. Of the training code it takes the
constants of `hardware.py`, and no equation.

Reads the part of docs/networks.md that `export.py` writes: ternary convolutions without padding, fully connected layers, max pooling.
`reading.py` refuses everything else.
"""

from dataclasses import dataclass

import numpy as np

from training import hardware as hw
from training import reading

INVERSE_RANGE = {"1": 1, 1: 1, "1/2": 2, "1/4": 4, "1/8": 8}
BATCH = 500


@dataclass
class Macro:
    """What disturbs the conversions: nothing, noise, or also a chip's mismatch: the margins that `hardware.py` trains with."""

    noise: bool = False
    chip: bool = False
    seed: int = 1

    def __post_init__(self):
        self.random = np.random.default_rng(self.seed)
        self.offset = hw.OFFSET_LSB * self.random.standard_normal(hw.SLICES) * self.chip
        self.gain = 1 + hw.GAIN_SIGMA * self.random.standard_normal(hw.SLICES) * self.chip

    def cells(self, matrix):
        """A ternary matrix as the chip's capacitors have it."""
        if not self.chip:
            return matrix
        return matrix * (1 + hw.CAPACITOR_SIGMA * self.random.standard_normal(matrix.shape))

    def codes(self, s, inverse_range):
        """Codes 0..127 of sums [..., outputs] in units."""
        if not (self.noise or self.chip):
            step = np.floor_divide(s.astype(np.int64) * inverse_range, hw.UNITS_PER_LSB)
        else:
            slices = np.arange(s.shape[-1]) % hw.SLICES
            disturbed = self.offset[slices].astype(np.float32)
            if self.noise:
                disturbed = disturbed + hw.NOISE_LSB * self.random.standard_normal(s.shape, np.float32)
            gain = self.gain[slices].astype(np.float32)
            step = np.floor((s * gain / hw.UNITS_PER_LSB + disturbed) * inverse_range).astype(np.int64)
        return np.clip(step + hw.HALF_CODES, 0, 2 * hw.HALF_CODES - 1)


def blocks(matrix):
    """The kept rows of a matrix, up to 64 at a time."""
    kept = np.flatnonzero(matrix.any(axis=1))
    return [kept[i : i + hw.ROWS] for i in range(0, len(kept), hw.ROWS)]


def shifted(weights, copies):
    """[outputs, channels, rows, columns] to [patch rows, positions x outputs]."""
    (o, c, h, w), (p, q) = weights.shape, copies
    matrix = np.zeros((p, q, o, c, h + p - 1, w + q - 1), weights.dtype)
    for a in range(p):
        for b in range(q):
            matrix[a, b, :, :, a : a + h, b : b + w] = weights
    return matrix.reshape(p * q * o, -1).T


class Network:
    def __init__(self, path):
        self.file, self.tensors = reading.load(path)
        self.name, self.layers = self.file["name"], self.file["layers"]

    def pixels(self, images):
        s = self.file["input"]["scaling"]
        x = (images.astype(np.int64) * s["multiplier"] + s["bias"] + (1 << s["shift"] >> 1)) >> s["shift"]
        return np.clip(x, 0, (1 << self.file["input"]["bits"]) - 1)[:, None]

    def sums(self, images, macro, copies):
        """What the host reads of the last layer, [images, outputs]. `copies`: shifted copies by layer name."""
        reading.check_copies(self.file, copies)
        chip = {l["name"]: self.stored(l, macro, copies) for l in self.layers if "weights" in l}
        results = []
        for i in range(0, len(images), BATCH):
            x = self.pixels(images[i : i + BATCH])
            for layer in self.layers:
                x = self.compute(layer, x, macro, chip)
            results.append(x.reshape(len(x), -1))
        return np.concatenate(results)

    def stored(self, layer, macro, copies):
        """(copies, [(rows, cells of these rows), ...]) of a layer."""
        weights, (p, q) = self.tensors[layer["weights"]], copies.get(layer["name"], (1, 1))
        matrix = shifted(weights, (p, q)) if layer["kind"] == "conv" else weights.T
        cells = macro.cells(matrix).astype(np.float32)  # sums of integers below 2^24 are exact in it
        return (p, q), [(rows, cells[rows]) for rows in blocks(matrix)]

    def compute(self, layer, x, macro, chip):
        if layer["kind"] == "max_pool":
            return max_pool(x, layer["kernel"])
        if layer["kind"] == "flatten":
            return x.reshape(len(x), -1, 1, 1)
        copies, cells = chip[layer["name"]]
        rows = patches(x, layer, copies)
        acc = accumulate(rows, cells, macro, INVERSE_RANGE[layer["range"]])
        acc = positions(acc, copies, layer["outputs"])
        if "requantize" in layer:
            return self.requantize(layer["requantize"], acc)
        bias = self.tensors[layer["bias"]] if "bias" in layer else np.zeros(layer["outputs"], np.int64)
        return acc + bias[:, None, None]

    def requantize(self, r, acc):
        multiplier = self.tensors[r["multiplier"]].astype(np.int64)[:, None, None]
        bias = self.tensors[r["bias"]].astype(np.int64)[:, None, None]
        return np.clip((acc * multiplier + bias + (1 << r["shift"] >> 1)) >> r["shift"], 0, (1 << r["bits"]) - 1)


def accumulate(rows, cells, macro, inverse_range):
    """Sixteenths of a unit, [images, down, across, outputs]: 120 r (2 code - 127) of every row block."""
    acc = 0
    for chosen, weights in cells:
        codes = macro.codes(rows[..., chosen] @ weights, inverse_range)
        acc = acc + 120 // inverse_range * (2 * codes - 127)
    return acc


def patches(x, layer, copies):
    """[images, channels, height, width] to [images, down, across, rows], rows in the order channel, row, column."""
    if layer["kind"] != "conv":
        return x.reshape(len(x), 1, 1, -1).astype(np.float32)
    height, width = (k + c - 1 for k, c in zip(layer["kernel"], copies))
    windows = np.lib.stride_tricks.sliding_window_view(x, (height, width), axis=(2, 3))[:, :, :: copies[0], :: copies[1]]
    n, _, down, across = windows.shape[:4]
    return windows.transpose(0, 2, 3, 1, 4, 5).reshape(n, down, across, -1).astype(np.float32)


def positions(acc, copies, outputs):
    """[images, down, across, positions x outputs] to [images, outputs, height, width]."""
    n, down, across, _ = acc.shape
    acc = acc.reshape(n, down, across, *copies, outputs).transpose(0, 5, 1, 3, 2, 4)
    return acc.reshape(n, outputs, down * copies[0], across * copies[1])


def max_pool(x, kernel):
    (n, c, h, w), (p, q) = x.shape, kernel
    return x[:, :, : h // p * p, : w // q * q].reshape(n, c, h // p, p, w // q, q).max(axis=(3, 5))


def accuracy(network, images, labels, macro, copies):
    """Share of images whose largest sum, the first of equal ones, is the label's."""
    return float((network.sums(images, macro, copies).argmax(axis=1) == labels).mean())
