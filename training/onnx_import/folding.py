"""Real factors as the integers of the file: multipliers, biases, shifts."""

import numpy as np

from training.onnx_import.quantizers import ROUNDING
from training.onnx_import.refusal import refuse

LARGEST_MULTIPLIER = 255  # unsigned, 8 bits
LARGEST_INTEGER = 2**31 - 1
LARGEST_SHIFT = 31
# A pixel this close to where its level changes (in levels) may fall on either side: scales are float32.
UNDECIDED = 1e-4


def half(shift):
    """What the macro adds before it shifts."""
    return 1 << shift >> 1


def rounding_bias(rounding, shift):
    """What makes floor((v + half) / 2^shift) round as asked for v >= 0; below 0 everything is clipped anyway."""
    one = 1 << shift
    if rounding in ("FLOOR", "DOWN"):
        return -half(shift)
    if rounding in ("CEIL", "UP"):
        return one - 1 - half(shift)
    if rounding == "HALF_DOWN":
        return -min(half(shift), 1)
    if rounding == "BIPOLAR":
        return one - half(shift)  # 1 from zero on
    return 0


def requantization(node, ratios, offsets, rounding):
    """Multipliers, biases and shift for levels = ratios * accumulator + offsets."""
    largest = ratios.max()
    shifts = [s for s in range(LARGEST_SHIFT + 1) if np.rint(largest * 2.0**s) <= LARGEST_MULTIPLIER]
    if not shifts:
        refuse(node, f"{largest:.4g} output levels per sixteenth of a unit", "up to 255")
    # The largest shift leaves the largest multiplier 8 bits; with nothing to multiply any shift does.
    shift = shifts[-1] if largest > 0 else 16
    multipliers = np.rint(ratios * 2.0**shift)
    if largest > 0 and multipliers.max() <= LARGEST_MULTIPLIER // 2:
        refuse(node, f"{largest:.4g} output levels per sixteenth of a unit", "2^-24 or more: shifts end at 31")
    return multipliers.astype(np.uint8), biases(node, offsets, shift, rounding), shift


def biases(node, offsets, shift, rounding="ROUND"):
    """Offsets (of levels, or of sums) as 32-bit integers."""
    values = np.rint(offsets * 2.0**shift) + rounding_bias(rounding, shift)
    if np.abs(values).max() > LARGEST_INTEGER:
        worst = offsets[np.abs(offsets).argmax()]
        refuse(node, f"a bias of {worst:.4g}", f"up to {LARGEST_INTEGER / 2**shift:.4g} here, 32 bits at shift {shift}")
    return values.astype(np.int32)


def addition(node, ratios, offsets, rounding):
    """The same for a residual addition: two ratios, 32-bit multipliers of either sign."""

    def scaled(shift):
        factors = [np.rint(r * 2.0**shift) for r in ratios]
        return factors, np.rint(offsets * 2.0**shift) + rounding_bias(rounding, shift)

    for shift in reversed(range(LARGEST_SHIFT + 1)):
        factors, biases = scaled(shift)
        if max(np.abs(part).max() for part in [*factors, biases]) <= LARGEST_INTEGER:
            return [f.astype(np.int32) for f in factors], biases.astype(np.int32), shift
    largest = max(np.abs(part).max() for part in [*ratios, offsets])
    refuse(node, f"{largest:.4g} output levels per level of an addend", "what 32 bits hold")


def input_scaling(node, ratio, bits, rounding):
    """The smallest shift that gives every pixel the model's level, level = round(pixel * ratio)."""
    pixels, top = np.arange(256), 2**bits - 1
    levels = pixels * ratio
    boundary = 0.5 if rounding in ("ROUND", "HALF_EVEN", "HALF_UP", "HALF_DOWN") else 0.0
    undecided = np.abs((levels - boundary + 0.5) % 1 - 0.5) < UNDECIDED
    wanted = np.clip(ROUNDING[rounding](levels), 0, top)
    if not wanted.any() or wanted[1] == top > 1:
        problem = f"a pixel of 1 is {ratio:.4g} levels, one of 255 is {255 * ratio:.4g}"
        refuse(node, problem, f"something within 0..{top} (see --pixel-scale)")
    for shift in range(LARGEST_SHIFT + 1):
        multiplier, bias = round(ratio * 2**shift), rounding_bias(rounding, shift)
        got = np.clip((pixels * multiplier + bias + half(shift)) >> shift, 0, top)
        if ((got == wanted) | undecided).all():
            return {"multiplier": multiplier, "bias": bias, "shift": shift}
    raise AssertionError(f"no integers for {ratio}")  # 255 * 2^-32 is far below UNDECIDED
