"""Shifted copies, stored rows and blocks, and pruning down to them."""

import numpy as np
import pytest

from training import integers, layout, pruning
from training.hardware import ROWS


@pytest.mark.parametrize("copies", [(1, 1), (2, 2), (1, 2)])
def test_copies_are_a_convolution(copies):
    random = np.random.default_rng(1)
    x = random.integers(0, 16, (2, 8, 8, 3)).astype(np.float32)
    w = random.integers(-1, 2, (4, 3, 3, 3)).astype(np.float32)
    products = layout.correlate(x, layout.shifted(w, copies), layout.patch_shape((3, 3), copies), copies)
    y = np.asarray(layout.positions(products, copies, 4))
    for o, row, column in np.ndindex(4, 6, 6):
        patch = x[:, row : row + 3, column : column + 3].transpose(0, 3, 1, 2)
        assert np.array_equal(y[:, row, column, o], (patch * w[o]).sum(axis=(1, 2, 3)))


def test_blocks_hold_the_stored_rows_once():
    stored = np.random.default_rng(2).random(240) < 0.7
    member = layout.blocks(stored)
    assert np.array_equal(member.sum(axis=0), stored)
    assert (member.sum(axis=1)[:-1] == ROWS).all() and member.sum(axis=1)[-1] <= ROWS
    matrix = stored[:, None] * np.ones((1, 5))
    assert [list(np.flatnonzero(m)) for m in member] == [list(b) for b in integers.blocks(matrix)]


@pytest.mark.parametrize("copies, target", [((1, 2), 100), ((2, 2), 120), ((1, 1), 50)])
def test_pruning_reaches_its_target(copies, target):
    w = np.random.default_rng(3).normal(size=(8, 6, 5, 5))
    mask = pruning.prune_layer(w, np.ones((6, 5, 5), bool), copies, target)
    rows = layout.stored_rows(mask, copies)
    assert rows.sum() <= target < rows.sum() + copies[0] * copies[1] + 1
    stored = np.asarray(layout.shifted(w * mask, copies)).any(axis=1)
    assert np.array_equal(rows, stored)


def test_the_least_important_row_goes_first():
    w = np.ones((4, 10))
    w[:, 7] = 0.1
    mask = pruning.prune_layer(w, np.ones(10, bool), (1, 1), 9)
    assert not mask[7] and mask.sum() == 9


def test_schedule():
    settings = {"start": 2, "every": 3, "stages": 4}
    assert [pruning.fraction_at(e, settings) for e in (0, 1, 2, 4, 5, 11, 50)] == [0, 0, 0.25, 0.25, 0.5, 1, 1]
