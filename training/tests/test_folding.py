"""Batch normalization folded into integers."""

import numpy as np
import pytest

from training.folding import fold
from training.model import EPSILON


def requantized(acc, multiplier, bias, shift):
    """The macro's equation, in Python's own integers."""
    rounding = (1 << shift) >> 1
    return min(max((acc * int(multiplier) + int(bias) + rounding) >> shift, 0), 15)


def test_exact_where_the_multiplier_is_exact():
    # slope 64 / 2^9 per unit = 64 / 2^13 per sixteenth: a multiplier without rounding
    variance, mean, beta = 1 - EPSILON, 24.0, 3.0
    p = {"gamma": [0.125], "beta": [beta]}
    multiplier, bias, shift = fold(p, ([mean], [variance]))
    assert int(multiplier[0]) / 2**shift * 16 == 0.125
    for acc in range(-16 * 500, 16 * 500):
        normalized = (acc / 16 - mean) * 0.125 + beta
        assert requantized(acc, multiplier[0], bias[0], shift) == min(max(np.floor(normalized + 0.5), 0), 15)


@pytest.mark.parametrize("seed", range(5))
def test_close_everywhere(seed):
    random = np.random.default_rng(seed)
    p = {"gamma": random.uniform(1, 8, 16), "beta": random.uniform(-5, 9, 16)}
    mean, variance = random.normal(0, 30, 16), random.uniform(100, 2000, 16)
    multiplier, bias, shift = fold(p, (mean, variance))
    assert 128 <= multiplier.max() <= 255
    acc = random.normal(0, 16 * 60, (2000, 16)).astype(int)
    z = p["gamma"] * (acc / 16 - mean) / np.sqrt(variance + EPSILON) + p["beta"]
    folded = (acc * multiplier.astype(int) + bias) / 2**shift
    # half a step of the multiplier, as far from the mean as the sum is
    bound = np.abs(acc - 16 * mean) * 0.5 / 2**shift + 1 / 2**shift
    assert (np.abs(folded - z) <= bound).all()


def test_a_slope_beyond_the_widths_is_refused():
    with pytest.raises(ValueError, match="no shift"):
        fold({"gamma": [5000.0], "beta": [0.0]}, ([0.0], [1.0]))
