#!/usr/bin/env python3
"""Ideal 7-bit conversions in numpy, for comparison with `cargo bench --bench golden` (ideal_adc).

64 rows x 128 columns, one thread: float32 products of blocks of vectors on BLAS, then rint and clip.
Needs numpy; prints the best of several runs in conversions per second.
"""

import os

for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # before numpy loads its BLAS

import time

import numpy as np

ROWS, COLUMNS, VECTORS, RUNS = 64, 128, 10_000, 9
BLOCKS = (64, 128, 256, 512)  # vectors per product: what fits the caches


def convert(digits, weights, codes, block):
    """Codes of all columns: S / 15 LSB above the middle, half a unit kept off the ties."""
    products = np.empty((block, COLUMNS), np.float32)
    for first in range(0, len(digits), block):
        part = digits[first : first + block]
        s = products[: len(part)]
        np.matmul(part, weights, out=s)
        # floor(S / 15) + 64 with S an integer, by rounding to nearest.
        s *= 1 / 15
        s += 64 - 7 / 15
        np.rint(s, out=s)
        np.clip(s, 0, 127, out=s)
        codes[first : first + len(part)] = s


def main():
    rng = np.random.default_rng(1)
    digits = rng.integers(0, 16, (VECTORS, ROWS)).astype(np.float32)
    weights = rng.integers(-1, 2, (ROWS, COLUMNS)).astype(np.float32)
    codes = np.empty((VECTORS, COLUMNS), np.uint8)

    best = {}
    for block in BLOCKS:
        for _ in range(RUNS):
            start = time.perf_counter()
            convert(digits, weights, codes, block)
            elapsed = time.perf_counter() - start
            best[block] = min(best.get(block, elapsed), elapsed)

    sums = digits.astype(np.int64) @ weights.astype(np.int64)
    assert (codes == np.clip(sums // 15 + 64, 0, 127)).all(), "numpy's codes are not the ideal ones"
    block = min(best, key=best.get)
    rate = VECTORS * COLUMNS / best[block]
    print(f"numpy {np.__version__}, blocks of {block}: {rate / 1e6:.0f} M conversions/s")


if __name__ == "__main__":
    main()
