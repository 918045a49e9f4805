"""Structured pruning: a row that is zero for every output takes no cells. Least important rows go first, a few at a time."""

import numpy as np

from training import layout
from training.model import Structure


def importance(weights):
    """Norm of each tap over the outputs."""
    return np.sqrt(np.square(np.asarray(weights)).sum(axis=0))


def prune_layer(weights, mask, copies, target):
    """Removes taps until at most `target` rows are stored.

    With shifted copies a stored row serves several taps: removing one saves a row only at the edge of what is kept, so only such taps are
    candidates.
    """
    mask, score = mask.copy(), importance(weights)
    rows = layout.stored_rows(mask, copies).sum()
    while rows > target:
        best = None
        for tap in sorted(map(tuple, np.argwhere(mask)), key=lambda t: score[t]):
            mask[tap] = False
            saved = rows - layout.stored_rows(mask, copies).sum()
            if saved > 0:
                best = tap
                break
            mask[tap] = True
        if best is None:
            raise ValueError("no single tap saves a row")
        rows -= saved
    return mask


def prune(layers, params, structure, full_rows, fraction):
    """A fraction (0..1) of the way from all rows to each layer's target."""
    masks = []
    for layer, p, mask, rows in zip(layers, params, structure.masks, full_rows):
        if layer.rows is None or layer.rows >= rows:
            masks.append(mask)
            continue
        target = round(rows + (layer.rows - rows) * fraction)
        masks.append(prune_layer(p["w"], mask, layer.copies, target))
    return Structure(tuple(masks))


def fraction_at(epoch, settings):
    """How far pruning is at the start of an epoch: `stages` equal steps, every `every` epochs from `start` on."""
    stage = (epoch - settings["start"]) // settings["every"] + 1
    return min(max(stage / settings["stages"], 0.0), 1.0)
