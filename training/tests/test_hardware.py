"""The converter against a brute-force count of thresholds."""

from fractions import Fraction

import jax
import numpy as np
import pytest

from training import description, hardware, integers, model

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


def spread(sums, random):
    """[sums, rows]: digits 0..15 with these sums, spread at random."""
    places = np.repeat(np.arange(hardware.ROWS), 15)
    return np.stack([np.bincount(random.permutation(places)[:s], minlength=hardware.ROWS) for s in sums])


@pytest.mark.parametrize("kind", ["fully_connected", "conv"])
@pytest.mark.parametrize("name, inverse_range", RANGES.items())
def test_sums_on_every_threshold_count_as_above(name, inverse_range, kind):
    """Dot products with every sum that 64 rows can have, against exact integers."""
    random = np.random.default_rng(5)
    x = spread(np.arange(15 * hardware.ROWS + 1), random)
    matrix = np.stack([np.ones(hardware.ROWS, int), *random.integers(-1, 2, (7, hardware.ROWS))], axis=1)
    matrix = np.concatenate([matrix, -matrix], axis=1)
    exact = x @ matrix
    on_threshold = {t for t in range(-63, 64) if 15 * t % inverse_range == 0}
    assert {s * inverse_range // 15 for s in set(exact.flat) if s * inverse_range % 15 == 0} >= on_threshold
    layer = description.Layer("layer", kind, matrix.shape[1], Fraction(name), kernel=(2, 2))
    images = x.reshape(len(x), 16, 2, 2).transpose(0, 2, 3, 1).astype(np.float32)  # [image, row, column, channel]
    converter = model.Converter(jax.random.key(0), None, hardware.IDEAL)
    block = np.ones((1, hardware.ROWS), np.float32)
    value = np.asarray(jax.jit(lambda x, m: converter.sums(x, layer, m, block))(images, matrix.astype(np.float32)))[:, 0, 0]
    codes = np.vectorize(lambda s: counted(int(s), inverse_range))(exact)
    assert np.array_equal(value * inverse_range, 15 * (codes - 63.5))
