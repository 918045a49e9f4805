"""Batch normalization into the macro's multipliers and biases: q = clip((acc m_j + bias_j + 2^(s-1)) >> s, 0, 15)."""

import numpy as np

from training.model import EPSILON

UNIT = 16  # accumulators count sixteenths of a unit
LARGEST_MULTIPLIER = 255
LARGEST_SHIFT = 31


def line_of(p, statistics):
    """Slope per unit and the mean that it turns about: z = slope (acc - mean) + beta."""
    mean, variance = (np.asarray(s, np.float64) for s in statistics)
    return np.asarray(p["gamma"], np.float64) / np.sqrt(variance + EPSILON), mean


def fold(p, statistics):
    """(multiplier, bias, shift): the largest shift that the widths allow, for the finest multipliers."""
    slope, mean = line_of(p, statistics)
    beta = np.asarray(p["beta"], np.float64)
    for shift in range(LARGEST_SHIFT, -1, -1):
        multiplier = np.round(slope / UNIT * 2.0**shift)
        # about the mean: what the rounded multiplier changes is then least where most sums are
        bias = np.round((beta - mean * multiplier * UNIT / 2.0**shift) * 2.0**shift)
        if multiplier.max() <= LARGEST_MULTIPLIER and np.abs(bias).max() < 2**31:
            return multiplier.astype(np.uint8), bias.astype(np.int32), shift
    raise ValueError(f"no shift holds slopes up to {slope.max()} per unit")
