"""IDX files and pixel scaling."""

import numpy as np
import pytest

from training import data


def test_idx_round_trip_with_the_same_bytes(tmp_path):
    values = np.random.default_rng(1).integers(0, 256, (3, 4, 5)).astype(np.uint8)
    for name in ("a", "b"):
        data.write_idx(tmp_path / f"{name}.gz", values)
    assert (tmp_path / "a.gz").read_bytes() == (tmp_path / "b.gz").read_bytes()
    assert np.array_equal(data.read_idx(tmp_path / "a"), values)  # finds a.gz


def test_other_files_are_refused(tmp_path):
    (tmp_path / "x").write_bytes(b"\0\0\x0d\x01\0\0\0\0")
    with pytest.raises(ValueError, match="not an IDX file"):
        data.read_idx(tmp_path / "x")


def test_bundled_digits():
    images, labels = data.load(data.DIGITS, "train")
    test_images, test_labels = data.load(data.DIGITS, "test")
    assert images.shape[1:] == (8, 8) and images.max() == 16
    assert len(images) + len(test_images) == 1797
    share = np.bincount(test_labels) / np.bincount(np.concatenate([labels, test_labels]))
    assert np.abs(share - 0.2).max() < 0.01  # a fifth of every class


def test_scaling_rounds_and_clips():
    pixels = np.array([0, 7, 8, 23, 24, 247, 248, 255])
    x = data.digits_of(pixels, {"multiplier": 1, "bias": 0, "shift": 4})
    assert np.array_equal(x, [0, 0, 1, 1, 2, 15, 15, 15])
