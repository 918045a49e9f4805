"""How a layer lies in the array: shifted copies, stored rows, row blocks (docs/networks.md, section 3)."""

import jax.numpy as jnp
import numpy as np
from jax import lax

from training.hardware import ROWS


def patch_shape(kernel, copies):
    """Rows and columns of the input patch that serves `copies` neighbouring output positions."""
    return kernel[0] + copies[0] - 1, kernel[1] + copies[1] - 1


def shifted(weights, copies):
    """[outputs, channels, rows, columns] to [rows of the patch, positions x outputs]: one shifted copy per position."""
    p, q = copies
    placed = [jnp.pad(weights, ((0, 0), (0, 0), (a, p - 1 - a), (b, q - 1 - b))) for a in range(p) for b in range(q)]
    matrix = jnp.stack(placed)
    return matrix.reshape(p * q * weights.shape[0], -1).T


def stored_rows(mask, copies):
    """Which rows of the patch take cells, for a mask [channels, rows, columns] of kept taps (flat: fully connected)."""
    if mask.ndim == 1:
        return mask
    (p, q), (channels, height, width) = copies, mask.shape
    union = np.zeros((channels, height + p - 1, width + q - 1), bool)
    for a in range(p):
        for b in range(q):
            union[:, a : a + height, b : b + width] |= mask
    return union.ravel()


def blocks(stored):
    """[blocks, rows]: 1 where a row belongs to a block. Stored rows fill blocks of 64 in order; pruned ones belong to none."""
    kept = np.flatnonzero(stored)
    member = np.zeros((-(-len(kept) // ROWS), len(stored)), np.float32)
    member[np.arange(len(kept)) // ROWS, kept] = 1
    return member


def correlate(x, matrix, patch, copies):
    """Every patch of [batch, height, width, channels] times a matrix [rows, columns]: [batch, down, across, columns].

    `copies` positions are served at once, so that is how far apart the patches are.
    """
    kernel = matrix.reshape(x.shape[-1], *patch, -1).transpose(1, 2, 0, 3)
    return lax.conv_general_dilated(x, kernel, copies, "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))


def positions(y, copies, outputs):
    """[batch, down, across, copies x outputs] to [batch, height, width, outputs]."""
    n, down, across, _ = y.shape
    y = y.reshape(n, down, across, copies[0], copies[1], outputs).transpose(0, 1, 3, 2, 4, 5)
    return y.reshape(n, down * copies[0], across * copies[1], outputs)
