"""Writes scikit-learn's 8x8 digits to `data/digits/` as IDX files. Needs scikit-learn (written with 1.9.1), which nothing else here does."""

import numpy as np
from sklearn.datasets import load_digits

from training.data import DIGITS, write_idx

SEED = 1


def held_out(labels):
    """A random fifth of every class."""
    random = np.random.default_rng(SEED)
    chosen = [random.permutation(np.flatnonzero(labels == digit)) for digit in range(10)]
    return np.sort(np.concatenate([c[: round(len(c) / 5)] for c in chosen]))


def main():
    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8).astype(np.uint8)
    test = held_out(labels)
    train = np.random.default_rng(SEED).permutation(np.setdiff1d(np.arange(len(labels)), test))
    for prefix, index in (("train", train), ("t10k", test)):
        write_idx(DIGITS / f"{prefix}-images-idx3-ubyte.gz", images[index])
        write_idx(DIGITS / f"{prefix}-labels-idx1-ubyte.gz", labels[index])
        print(prefix, len(index))


if __name__ == "__main__":
    main()
