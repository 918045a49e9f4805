"""The converter against a brute-force count of thresholds."""

import jax
import numpy as np
import pytest

from training import hardware, integers

RANGES = {"1": 1, "1/2": 2, "1/4": 4, "1/8": 8}


def counted(s, inverse_range):
    """Section 2 of the theory of operation, in integers: how many of -63..63 are <= S / (15 r)."""
    return sum(15 * t <= s * inverse_range for t in range(-63, 64))


@pytest.mark.parametrize("inverse_range", RANGES.values())
def test_training_converter_counts_thresholds(inverse_range):
    s = np.arange(-980, 981)
    value = np.asarray(hardware.adc(s.astype(np.float32) * inverse_range / 15))
    codes = np.array([counted(int(x), inverse_range) for x in s])
    assert np.array_equal(value, codes - 63.5)


@pytest.mark.parametrize("name, inverse_range", RANGES.items())
def test_integer_converter_counts_thresholds(name, inverse_range):
    s = np.arange(-980, 981)
    assert integers.INVERSE_RANGE[name] == inverse_range
    codes = integers.Macro().codes(s[:, None], inverse_range)[:, 0]
    assert np.array_equal(codes, [counted(int(x), inverse_range) for x in s])


def test_no_gradient_where_the_converter_clips():
    gradient = jax.vmap(jax.grad(hardware.adc))(np.array([-70.0, -10.3, 0.2, 63.2, 70.0], np.float32))
    assert np.array_equal(gradient, [0, 1, 1, 1, 0])


def test_noise_is_that_of_the_published_enob():
    assert abs(7 - np.log2(np.sqrt(1 + 12 * hardware.NOISE_LSB**2)) - 6.85) < 0.005


def test_noise_has_this_size():
    macro = integers.Macro(noise=True, seed=3)
    # halfway between two thresholds at r = 1/8; the code's spread is the noise, with a uniform step's own
    codes = macro.codes(np.full((20000, 1), 7.5 * 15 / 8, np.float32), 8)
    assert abs(np.sqrt(codes.var() - 1 / 12) - hardware.NOISE_LSB * 8) < 0.02


def test_ternary_and_activation_levels():
    weights = np.asarray(hardware.ternary(np.linspace(-1, 1, 101, dtype=np.float32)))
    assert set(weights) == {-1.0, 0.0, 1.0}
    q = np.asarray(hardware.activation(np.array([-3, 0.49, 0.5, 14.5, 99], np.float32)))
    assert np.array_equal(q, [0, 0, 1, 15, 15])
