"""Images: IDX files, pixel scaling, hold-out."""

import gzip
import struct
import zlib
from pathlib import Path

import numpy as np

from training.command import Refused

DIGITS = Path(__file__).parent.parent / "data" / "digits"


def read_idx(path):
    """An IDX file of unsigned bytes, plain or gzip."""
    path = Path(path)
    if not path.exists():
        path = path.with_name(path.name + ".gz")
    try:
        with (gzip.open if path.suffix == ".gz" else open)(path, "rb") as file:
            content = file.read()
        zero, kind, dimensions = struct.unpack_from(">HBB", content)
        if zero != 0 or kind != 8:
            raise ValueError("another type")
        shape = struct.unpack_from(f">{dimensions}I", content, 4)
        return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)
    except (gzip.BadGzipFile, EOFError, zlib.error, struct.error, ValueError):
        raise Refused(f"{path} is not an IDX file of unsigned bytes") from None


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
    if images.ndim != 3 or labels.shape != images.shape[:1]:
        raise Refused(f"{folder}: images {list(images.shape)}, labels {list(labels.shape)}; allowed: [images, height, width], [images]")
    return images, labels


def check_fit(images, labels, size, classes):
    """Refuses images that are not of the network's [height, width], and labels that it does not have."""
    if list(images.shape[1:]) != list(size):
        raise Refused(f"images of {images.shape[1]} x {images.shape[2]} pixels; the network's are {size[0]} x {size[1]} (--data)")
    if len(labels) == 0 or labels.max() >= classes:
        raise Refused(f"labels up to {labels.max(initial=0)} of {len(labels)} images; the network has {classes} classes")


def split_holdout(images, labels, holdout):
    """(train, hold-out): the last `holdout` images choose settings, so that the test set need not."""
    if not 1 <= holdout < len(images):
        raise Refused(f"{holdout} images held back; allowed: 1..{len(images) - 1}")
    return (images[:-holdout], labels[:-holdout]), (images[-holdout:], labels[-holdout:])


def digits_of(pixels, scaling, bits=4):
    """Pixels to activation digits, as docs/networks.md has it; numpy or JAX, integers."""
    shift = scaling["shift"]
    rounding = (1 << shift) >> 1
    return ((pixels * scaling["multiplier"] + scaling["bias"] + rounding) >> shift).clip(0, (1 << bits) - 1)
