"""State on disk, whole or not at all: written beside and renamed."""

import json
import os

import jax
import numpy as np

from training.command import Refused


def save(path, arrays, meta):
    """A tree of arrays and a JSON-able `meta`."""
    leaves = {f"leaf{i}": np.asarray(leaf) for i, leaf in enumerate(jax.tree.leaves(arrays))}
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    with open(beside, "wb") as file:
        np.savez(file, meta=json.dumps(meta), **leaves)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def load(path, like, settings):
    """(arrays, meta); `like` gives the tree's shape, `settings` is what `meta` has to say under this name."""
    other = f"{path} is of a training with other settings; delete {path.parent} to start anew"
    with np.load(path) as file:
        meta = json.loads(str(file["meta"]))
        if meta.get("settings") != settings:
            raise Refused(other)
        leaves, tree = jax.tree.flatten(like)
        read = [file[f"leaf{i}"] for i in range(len(leaves))]
    for old, new in zip(leaves, read):
        if np.shape(old) != new.shape:
            raise Refused(other)
    return jax.tree.unflatten(tree, [jax.numpy.asarray(leaf) for leaf in read]), meta
