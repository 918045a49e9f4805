"""What the macro does to a dot product, as seen by training: converter, noise, mismatch, quantizers.

Numbers carry the tags of docs/theory_of_operation.md: [A] abstract, [F] body, [L] literature, [C] choice.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp

ROWS = 64  # [A] MAC rows: the most that one conversion sums
SLICES = 32  # [F] converters; output j belongs to slice j mod 32
HALF_CODES = 64  # [A] 7-bit converters

UNITS_PER_LSB = 15  # [C] one LSB at r = 1, in units of S
TIE = 1 / 16  # [A] units that comparators' thresholds sit below a sum's: theory of operation, section 2
NOISE_LSB = 0.139  # [F] 6.85 ENOB: all noise, rms, at r = 1
CAPACITOR_SIGMA = 0.0057  # 0.7 %/sqrt(C/fF) for C = 1.5 fF; [L] has 0.66 %, rounded up [C]
# What a calibrated converter is trained to bear. `capram characterize` measures less after calibration, 0.02-0.04 LSB of offset and
# 0.20-0.26 % of gain: the margin stands in for what is not simulated, first the injection cell's nonlinearity (INL 0.33 LSB).
OFFSET_LSB = 0.1  # [C] margin per converter, in LSB of r = 1; constant in volts over the ranges [C]: 0.4 LSB at r = 1/4
GAIN_SIGMA = 0.005  # [C] margin per converter

TERNARY_THRESHOLD = 0.4  # of the latent weight's range -1..1: 50 % zeros at the start, where they fill -0.8..0.8


@dataclass(frozen=True)
class Errors:
    """Which errors a simulated macro has."""

    noise: bool
    chip: bool  # offset, gain and capacitor mismatch


IDEAL = Errors(noise=False, chip=False)
REAL = Errors(noise=True, chip=True)


class NoiseBank:
    """Unit normals, drawn once and read at random places: drawing millions anew for each batch costs more than the network."""

    SIZE = 1 << 22

    def __init__(self, seed):
        self.values = jax.random.normal(jax.random.key(seed), (self.SIZE,))

    @staticmethod
    def read(values, key, shape):
        size = 1
        for n in shape:
            size *= n
        if size > NoiseBank.SIZE:
            raise ValueError(f"{size} normals wanted, the bank has {NoiseBank.SIZE}")
        start = jax.random.randint(key, (), 0, NoiseBank.SIZE - size + 1)
        start = jax.lax.optimization_barrier(start)  # or XLA draws it anew for every element that it copies
        return jax.lax.dynamic_slice(values, (start,), (size,)).reshape(shape)


def draw_slices(key):
    """Offset (in LSB at r = 1) and gain of each converter of a chip, drawn from the margins."""
    offset_key, gain_key = jax.random.split(key)
    offset = OFFSET_LSB * jax.random.normal(offset_key, (SLICES,))
    gain = 1 + GAIN_SIGMA * jax.random.normal(gain_key, (SLICES,))
    return offset, gain


def straight_through(value, rounded):
    """`rounded` forward; backward as if it were `value`."""
    return value + jax.lax.stop_gradient(rounded - value)


def in_lsb(products, lsb):
    """Products in units to LSB, the comparator's place included. Sums of ternary weights are exact in float32 and at least 1/8 unit from
    the thresholds that they are not on: whatever the division rounds, a sum on a threshold counts as above."""
    return (products + TIE) / lsb


def adc(d):
    """Value in LSB that a converter reports for d: the centre of the step, (code - 63.5). No gradient where it clips."""
    inside = jnp.clip(d, -HALF_CODES, HALF_CODES)
    code = jnp.clip(jnp.floor(d), -HALF_CODES, HALF_CODES - 1)
    return straight_through(inside, code + 0.5)


def ternary(latent):
    """Latent weights to -1, 0, 1."""
    sign = jnp.where(latent > TERNARY_THRESHOLD, 1.0, jnp.where(latent < -TERNARY_THRESHOLD, -1.0, 0.0))
    return straight_through(latent, sign)


def activation(z, bits=4):
    """Requantization: to the integers 0..2^bits - 1, halves up."""
    top = (1 << bits) - 1
    inside = jnp.clip(z, 0, top)
    return straight_through(inside, jnp.clip(jnp.floor(z + 0.5), 0, top))
