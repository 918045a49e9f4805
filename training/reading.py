"""Reads a network file for `integers.py`; what that does not compute is refused, in one line."""

from pathlib import Path

import numpy as np
import yaml
from safetensors import SafetensorError
from safetensors.numpy import load_file

from training.command import Refused

RANGES = (1, "1", "1/2", "1/4", "1/8")
BITS = (1, 2, 3, 4)
WEIGHTS = ("name", "kind", "from", "outputs", "weights", "format", "activation_bits", "range", "requantize", "bias")
KEYS = {
    "conv": (*WEIGHTS, "kernel", "stride", "padding", "groups"),
    "fully_connected": WEIGHTS,
    "max_pool": ("name", "kind", "from", "kernel", "stride"),
    "flatten": ("name", "kind", "from"),
}


def load(path):
    """(description, tensors), checked."""
    path = Path(path)
    try:
        file = yaml.safe_load(path.read_text())
        tensors = load_file(path.parent / file["weights"])
        shapes(file, tensors)
    except Refused as error:
        raise Refused(f"{path}: {error}") from None
    except (yaml.YAMLError, SafetensorError, UnicodeDecodeError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise Refused(f"{path} is no network file: {type(error).__name__} {' '.join(str(error).split())}") from None
    return file, tensors


def only(place, what, value, allowed):
    """Equal and of the same type: YAML's `true` is no 1."""
    if not any(value == a and type(value) is type(a) for a in allowed):
        raise Refused(f"{place}: {what} {value}; allowed here: {', '.join(str(a) for a in allowed)}")


def shapes(file, tensors):
    """[channels, height, width] behind every layer, by name; checks the whole file on the way."""
    only("file", "schema", file["schema"], ["capram.network/1"])
    only("input", "bits", file["input"]["bits"], BITS)
    shape, before, result = list(file["input"]["shape"]), "image", {}
    only("input", "channels", shape[0], [1])
    for layer in file["layers"]:
        name, kind = layer["name"], layer["kind"]
        only(name, "kind", kind, list(KEYS))
        for key in layer:
            only(name, "key", key, KEYS[kind])
        only(name, "from", layer.get("from", before), [before])
        shape, before = behind(layer, shape, tensors, layer is file["layers"][-1]), name
        result[name] = shape
    only("file", "number of labels", len(file["labels"]), [shape[0]])
    return result


def behind(layer, shape, tensors, last):
    """The shape behind a layer."""
    name, kind = layer["name"], layer["kind"]
    if kind == "flatten":
        return [int(np.prod(shape)), 1, 1]
    if kind == "max_pool":
        kernel = layer["kernel"]
        only(name, "stride", layer.get("stride", kernel), [kernel])
        return [shape[0], *positive(name, [n // k for n, k in zip(shape[1:], kernel)])]
    only(name, "format", layer["format"], ["diff1"])
    only(name, "activation_bits", layer["activation_bits"], BITS)
    only(name, "range", layer["range"], RANGES)
    outputs, inputs, size = layer["outputs"], [int(np.prod(shape))], [1, 1]
    if kind == "conv":
        for key, value in (("stride", [1, 1]), ("padding", [0, 0]), ("groups", 1)):
            only(name, key, layer.get(key, value), [value])
        inputs = [shape[0], *layer["kernel"]]
        size = positive(name, [n - k + 1 for n, k in zip(shape[1:], layer["kernel"])])
    weights = tensor(name, tensors, layer["weights"], np.int8, [outputs, *inputs])
    if np.abs(weights.astype(int)).max() > 1:
        raise Refused(f"{name}: weights beyond -1..1")
    if "requantize" in layer:
        how = layer["requantize"]
        only(name, "bits", how["bits"], BITS)
        tensor(name, tensors, how["multiplier"], np.uint8, [outputs])
        tensor(name, tensors, how["bias"], np.int32, [outputs])
        only(name, "bias", layer.get("bias", "none"), ["none"])
    elif not last:
        raise Refused(f"{name}: sums inside the network; allowed here: requantize")
    elif "bias" in layer:
        tensor(name, tensors, layer["bias"], np.int32, [outputs])
    return [outputs, *size]


def positive(name, size):
    if min(size) < 1:
        raise Refused(f"{name}: a kernel larger than what it reads")
    return size


def tensor(place, tensors, name, kind, shape):
    if not isinstance(name, str) or name not in tensors:
        raise Refused(f"{place}: tensor {name}; allowed here: {', '.join(tensors)}")
    found = tensors[name]
    if found.dtype != kind or list(found.shape) != shape:
        raise Refused(f"{place}: {name} is {found.dtype} {list(found.shape)}; allowed here: {np.dtype(kind)} {shape}")
    return found


def check_copies(file, copies):
    """Shifted copies are of convolutions, and their positions fill the output."""
    kinds = {layer["name"]: layer["kind"] for layer in file["layers"] if "weights" in layer}
    for name, size in copies.items():
        only("--copies", "layer", name, [n for n, kind in kinds.items() if kind == "conv" or size == (1, 1)])
    size = list(file["input"]["shape"][1:])
    for layer in file["layers"]:
        if layer["kind"] == "conv":
            size = [n - k + 1 for n, k in zip(size, layer["kernel"])]
            p, q = copies.get(layer["name"], (1, 1))
            if size[0] % p or size[1] % q:
                raise Refused(f"--copies: {p} x {q} of {layer['name']}; allowed: what divides its {size[0]} x {size[1]} positions")
        elif layer["kind"] == "max_pool":
            size = [n // k for n, k in zip(size, layer["kernel"])]
        else:
            size = [1, 1]
