"""Images: IDX files, pixel scaling, hold-out."""

import gzip
import struct
from pathlib import Path

import numpy as np

DIGITS = Path(__file__).parent.parent / "data" / "digits"


def read_idx(path):
    """An IDX file of unsigned bytes, plain or gzip."""
    path = Path(path)
    if not path.exists():
        path = path.with_name(path.name + ".gz")
    with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
        content = file.read()
    zero, kind, dimensions = struct.unpack_from(">HBB", content)
    if zero != 0 or kind != 8:
        raise ValueError(f"{path} is not an IDX file of unsigned bytes")
    shape = struct.unpack_from(f">{dimensions}I", content, 4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def write_idx(path, values):
    """Writes a gzip IDX file; the same values give the same bytes."""
    header = struct.pack(">HBB", 0, 8, values.ndim) + struct.pack(f">{values.ndim}I", *values.shape)
    # neither a time nor a name in the gzip header
    Path(path).write_bytes(gzip.compress(header + values.astype(np.uint8).tobytes(), 9, mtime=0))


def load(folder, split):
    """Images and labels of `train` or `test`."""
    prefix = {"train": "train", "test": "t10k"}[split]
    images = read_idx(Path(folder) / f"{prefix}-images-idx3-ubyte")
    labels = read_idx(Path(folder) / f"{prefix}-labels-idx1-ubyte")
    if len(images) != len(labels):
        raise ValueError(f"{folder}: {len(images)} images, {len(labels)} labels")
    return images, labels


def split_holdout(images, labels, holdout):
    """(train, hold-out): the last `holdout` images choose settings, so that the test set need not."""
    return (images[:-holdout], labels[:-holdout]), (images[-holdout:], labels[-holdout:])


def digits_of(pixels, scaling, bits=4):
    """Pixels to activation digits, as docs/networks.md has it; numpy or JAX, integers."""
    shift = scaling["shift"]
    rounding = (1 << shift) >> 1
    return ((pixels * scaling["multiplier"] + scaling["bias"] + rounding) >> shift).clip(0, (1 << bits) - 1)
