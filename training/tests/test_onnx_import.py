"""training.onnx_import against the models themselves.

The model runs in onnx's reference evaluator, with QONNX's operators written here; the network in an integer evaluator
written here from docs/networks.md alone. Activations may differ by one level, where 8-bit multipliers round otherwise.
"""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
import pytest
import yaml
from onnx import TensorProto, helper, numpy_helper
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun
from safetensors.numpy import load_file

from training.onnx_import import Refused, convert, folding, write
from training.onnx_import.__main__ import main

QONNX = "qonnx.custom_op.general"
ROOT = Path(__file__).parents[2]


# Models


class Model:
    """An ONNX model under construction. Methods give the name of the output, which is that of the node."""

    def __init__(self, shape=(1, 8, 8), seed=0):
        self.rng = np.random.default_rng(seed)
        self.nodes, self.constants, self.dims = [], [], [1, *shape]

    def const(self, array, dtype=np.float32):
        name = f"constant{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(array, dtype), name))
        return name

    def node(self, op, *inputs, name=None, domain="", **attributes):
        name = name or f"{op.lower()}_{len(self.nodes)}"
        inputs = [i if isinstance(i, str) else self.const(i) for i in inputs]
        self.nodes.append(helper.make_node(op, inputs, [name], name, domain=domain, **attributes))
        return name

    def quant(self, x, bits, scale, zero_point=0, **attributes):
        attributes = {"signed": 0, "narrow": 0, "rounding_mode": "ROUND", **attributes}
        return self.node("Quant", x, scale, zero_point, bits, domain=QONNX, **attributes)

    def bipolar(self, x, scale, **attributes):
        return self.node("BipolarQuant", x, scale, domain=QONNX, **attributes)

    def linear(self, x, scale, dtype, zero_point=0, **attributes):
        """QuantizeLinear and DequantizeLinear."""
        zero_points = [self.const(np.full(np.shape(scale), zero_point), dtype) for _ in range(2)]
        levels = self.node("QuantizeLinear", x, scale, zero_points[0], **attributes)
        return self.node("DequantizeLinear", levels, scale, zero_points[1], **attributes)

    def ternary(self, shape):
        """Float weights that a 2-bit narrow quantizer of scale 0.1 makes ternary."""
        return self.quant(self.rng.normal(0, 0.1, shape), 2, 0.1, signed=1, narrow=1)

    def batch_norm(self, x, channels, gamma=None):
        gamma = self.rng.uniform(0.8, 2.0, channels) if gamma is None else gamma
        beta, mean = self.rng.normal(0, 0.2, (2, channels))
        return self.node("BatchNormalization", x, gamma, beta, mean, self.rng.uniform(0.5, 2, channels))

    def proto(self, output, more=()):
        value = helper.make_tensor_value_info
        outputs = [value(name, TensorProto.FLOAT, None) for name in (output, *more)]
        inputs = [value("x", TensorProto.FLOAT, self.dims)]
        graph = helper.make_graph(self.nodes, "test", inputs, outputs, self.constants)
        # Before opset 14 the evaluator takes every batch normalization for training.
        opsets = [helper.make_opsetid("", 21), helper.make_opsetid(QONNX, 1)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=10)


# What the model computes


class Quant(OpRun):
    op_domain = QONNX

    def _run(self, x, scale, zero_point, bits, signed=1, narrow=0, rounding_mode="ROUND"):
        low = -(2 ** (bits - 1)) + narrow if signed else 0
        high = 2 ** (bits - 1) - 1 if signed else 2**bits - 1 - narrow
        x = np.clip(x / scale + zero_point, low, high)
        size = np.abs(x)
        rounded = {
            "ROUND": np.round(size),
            "HALF_EVEN": np.round(size),
            "HALF_UP": np.floor(size + 0.5),
            "HALF_DOWN": np.ceil(size - 0.5),
            "UP": np.ceil(size),
            "DOWN": np.floor(size),
            "CEIL": np.ceil(x) * np.sign(x),
            "FLOOR": np.floor(x) * np.sign(x),
        }[rounding_mode]
        return (((np.sign(x) * rounded - zero_point) * scale).astype(np.float32),)


class BipolarQuant(OpRun):
    op_domain = QONNX

    def _run(self, x, scale):
        return (np.where(x >= 0, scale, -scale).astype(np.float32),)


def evaluate(model, output, pixels, tensors=(), pixel_scale=1 / 255):
    """The output and named tensors along the way."""
    names = [output, *tensors]
    evaluator = ReferenceEvaluator(model.proto(output, tensors), new_ops=[Quant, BipolarQuant])
    images = (pixels * pixel_scale).astype(np.float32)
    runs = [evaluator.run(names, {"x": image[None]}) for image in images]
    return {name: np.stack([np.asarray(run[i])[0] for run in runs]) for i, name in enumerate(names)}


# What the network computes: docs/networks.md


def clipped(x, bias, shift, bits):
    return np.clip((x + bias + ((1 << shift) >> 1)) >> shift, 0, 2**bits - 1)


def by_channel(array):
    return array.astype(np.int64).reshape(1, -1, 1, 1)


def windows(x, kernel, stride):
    """[images, channels, rows, columns, kernel rows, kernel columns]."""
    view = np.lib.stride_tricks.sliding_window_view(x, kernel, axis=(2, 3))
    return view[:, :, :: stride[0], :: stride[1]]


def convolved(x, layer, weights):
    rows, columns = layer.get("padding", [0, 0])
    x = np.pad(x, ((0, 0), (0, 0), (rows, rows), (columns, columns)))
    view = windows(x, layer["kernel"], layer.get("stride", [1, 1]))
    channels, per_group = weights.shape[1], layer["outputs"] // layer.get("groups", 1)
    outputs = []
    for j, kernel in enumerate(weights):
        first = j // per_group * channels
        outputs.append(np.einsum("ncyxab,cab->nyx", view[:, first : first + channels], kernel))
    return np.stack(outputs, axis=1)


LEVELS = {"single1": (-1, 1), "single2": (-2, 1), "single3": (-4, 3), "single4": (-8, 7), "diff1": (-1, 1), "diff2": (-3, 3)}


def matrix(x, layer, tensors):
    weights = tensors[layer["weights"]]
    low, high = LEVELS[layer["format"]]
    assert weights.dtype == np.int8 and low <= weights.min() and weights.max() <= high
    assert layer["format"] != "single1" or weights.all()
    assert x.min() >= 0 and x.max() < 2 ** layer["activation_bits"]
    weights = weights.astype(np.int64)
    if layer["kind"] == "conv":
        sums = 16 * convolved(x, layer, weights)
    else:
        sums = 16 * (x.reshape(len(x), -1) @ weights.T)[:, :, None, None]
    if "requantize" in layer:
        how = layer["requantize"]
        multiplier, bias = tensors[how["multiplier"]], tensors[how["bias"]]
        assert multiplier.dtype == np.uint8 and bias.dtype == np.int32
        assert multiplier.max() >= 128, "the largest multiplier uses 8 bits"
        return clipped(sums * by_channel(multiplier), by_channel(bias), how["shift"], how["bits"])
    return sums + (by_channel(tensors[layer["bias"]]) if "bias" in layer else 0)


def host(layer, sources, tensors):
    x = sources[0]
    if layer["kind"] == "flatten":
        return x.reshape(len(x), -1, 1, 1)
    if layer["kind"] == "add":
        t, u = (by_channel(tensors[name]) for name in layer["multipliers"])
        return clipped(x * t + sources[1] * u, by_channel(tensors[layer["bias"]]), layer["shift"], layer["bits"])
    view = windows(x, layer["kernel"], layer["stride"])
    n = np.prod(layer["kernel"])
    return view.max(axis=(4, 5)) if layer["kind"] == "max_pool" else (view.sum(axis=(4, 5)) + n // 2) // n


def infer(path, pixels):
    """Integers of all layers by name."""
    network = yaml.safe_load(path.read_text())
    tensors = load_file(path.parent / network["weights"])
    assert network["schema"] == "capram.network/1"
    how, values = network["input"]["scaling"], {}
    assert list(pixels.shape[1:]) == network["input"]["shape"]
    values["image"] = clipped(pixels.astype(np.int64) * how["multiplier"], how["bias"], how["shift"], network["input"]["bits"])
    for layer in network["layers"]:
        sources = [values[name] for name in np.atleast_1d(layer["from"])]
        compute = matrix if layer["kind"] in ("conv", "fully_connected") else None
        values[layer["name"]] = compute(sources[0], layer, tensors) if compute else host(layer, sources, tensors)
    assert len(network["labels"]) == values[layer["name"]].shape[1]
    assert set(tensors) == named_tensors(network), "tensors that nothing names are refused"
    return values, network


def named_tensors(network):
    names = set()
    for layer in network["layers"]:
        how = {**layer, **layer.get("requantize", {})}
        names.update(how[key] for key in ("weights", "multiplier", "bias") if key in how)
        names.update(layer.get("multipliers", ()))
    return names


# Both


def imported(model, output, folder, **options):
    source, target = folder / "model.onnx", folder / "net.yaml"
    onnx.save(model.proto(output), source)
    network = convert(source, **options)
    write(network, target)
    return target, network


def random_pixels(model, count):
    """Blotches with noise: sums small and large, images unlike each other."""
    channels, rows, columns = model.dims[1:]
    blotches = model.rng.uniform(-100, 300, (count, channels, -(-rows // 3), -(-columns // 3)))
    images = blotches.repeat(3, axis=2).repeat(3, axis=3)[:, :, :rows, :columns]
    return (images + model.rng.normal(0, 30, images.shape)).clip(0, 255).astype(np.uint8)


@dataclass
class Comparison:
    real: dict  # the model's tensors
    integers: dict  # the network's layers
    network: dict
    tensors: dict
    equal: float  # share of equal activations in the worst layer


def compare(model, output, folder, pairs, count=32, **options):
    """Runs both; `pairs` has the model's tensor, its scale and offset for every layer to compare."""
    target, _ = imported(model, output, folder, **options)
    pixels = random_pixels(model, count)
    real = evaluate(model, output, pixels, [t for t, *_ in pairs.values()], float(options.get("pixel_scale", 1 / 255)))
    integers, network = infer(target, pixels)
    equal = []
    for layer, (tensor, scale, *offset) in pairs.items():
        wanted = (real[tensor] - sum(offset)) / scale
        difference = np.abs(integers[layer].reshape(wanted.shape) - wanted)
        assert np.ptp(wanted) > 0.5, f"{layer} is dead"
        assert difference.max() < 1.001, layer
        equal.append(np.mean(difference < 0.001))
    return Comparison(real, integers, network, load_file(folder / network["weights"]), min(equal, default=1.0))


def compare_classes(result, output, hidden, scales):
    """Equal predictions wherever the first two are further apart than differing activations can explain."""
    (tensor, scale), last = (hidden, scales[0]), result.network["layers"][-1]
    logits = result.real[output]
    weights = result.tensors[last["weights"]].astype(int)
    levels = (result.real[tensor] / scale).reshape(len(logits), -1)
    differences = np.abs(result.integers[last["from"]].reshape(levels.shape) - levels)
    bound = (differences @ np.abs(weights).T + 1 / 16).max(axis=1) * scale * scales[1]  # 1/16: the bias's rounding
    clear = np.ptp(np.sort(logits, axis=1)[:, -2:], axis=1) > 2 * bound
    predictions = result.integers[last["name"]].reshape(logits.shape).argmax(axis=1)
    assert clear.mean() > 0.5 and len(set(predictions)) >= 3
    assert (predictions == logits.argmax(axis=1))[clear].all()


def small_cnn(model, weights, activation):
    """conv, batch normalization, Relu, pooling, conv, fully connected; the hidden activations and the sums."""
    x = activation("x", 1 / 15)
    x = model.node("Conv", x, weights((8, 1, 3, 3)), name="conv1", pads=[1, 1, 1, 1])
    first = activation(model.node("Relu", model.batch_norm(x, 8)), 0.02)
    x = model.node("MaxPool", first, name="pool1", kernel_shape=[2, 2], strides=[2, 2])
    x = model.node("Conv", x, weights((6, 8, 3, 3)), model.rng.normal(0, 0.1, 6), name="conv2")
    second = activation(model.node("Relu", x), 0.05)
    flat = model.node("Flatten", second, name="flat")
    output = model.node("Gemm", flat, weights((10, 24)), model.rng.normal(0, 0.05, 10), name="fc1", transB=1)
    return first, second, output


# Whole networks


@pytest.mark.parametrize("seed", [1, 12])  # untrained networks that know three classes are rare
def test_ternary_cnn(tmp_path, seed):
    model = Model(seed=seed)
    first, second, output = small_cnn(model, model.ternary, lambda x, scale: model.quant(x, 4, scale))
    result = compare(model, output, tmp_path, {"conv1": (first, 0.02), "conv2": (second, 0.05)}, count=64)
    assert result.equal > 0.95
    compare_classes(result, output, second, (0.05, 0.1))
    assert [layer["name"] for layer in result.network["layers"]] == ["conv1", "pool1", "conv2", "flat", "fc1"]
    assert {layer["format"] for layer in result.network["layers"] if "format" in layer} == {"diff1"}
    assert result.network["input"]["bits"] == 4


def test_linear_quantizers(tmp_path):
    """The same network with QuantizeLinear and DequantizeLinear; weights partly stored as integers."""
    model = Model(seed=0)

    def weights(shape):
        if len(shape) == 2:
            levels = model.const(model.rng.integers(-8, 8, shape), np.int8)
            return model.node("DequantizeLinear", levels, 0.1)
        scales = model.rng.uniform(0.05, 0.15, shape[0])
        return model.linear(model.rng.normal(0, 0.15, shape).clip(-0.2, 0.2), scales, np.int8, axis=0)

    first, second, output = small_cnn(model, weights, lambda x, scale: model.linear(x, scale, np.uint8))
    result = compare(model, output, tmp_path, {"conv1": (first, 0.02), "conv2": (second, 0.05)})
    assert result.equal > 0.9
    compare_classes(result, output, second, (0.05, 0.1))
    assert result.network["input"]["bits"] == 8
    assert result.network["layers"][-1]["format"] == "single4"


def test_residual_of_sums_and_activations(tmp_path):
    """A block whose shortcut is activations, and one whose shortcut is a convolution's sums."""
    model = Model(seed=3)
    x = model.quant(model.quant(model.node("Relu", "x"), 4, 1 / 15), 4, 1 / 15)  # as Brevitas has it
    x = model.node("Conv", x, model.ternary((4, 1, 3, 3)), name="conv1", pads=[1] * 4)
    stem = model.quant(model.node("Relu", x), 4, 0.02)
    x = model.batch_norm(model.node("Conv", stem, model.ternary((4, 4, 3, 3)), name="conv2", pads=[1] * 4), 4, [1, -0.5, 2, 0.7])
    one = model.quant(model.node("Relu", model.node("Add", x, stem, name="add1")), 4, 0.05)
    a = model.node("Conv", one, model.ternary((6, 4, 3, 3)), name="conv3", strides=[2, 2], pads=[1] * 4)
    b = model.batch_norm(model.node("Conv", one, model.ternary((6, 4, 1, 1)), name="conv4", strides=[2, 2]), 6)
    two = model.quant(model.node("Relu", model.batch_norm(model.node("Add", a, b, name="add2"), 6)), 6, 0.03)
    x = model.node("GlobalAveragePool", two, name="mean")
    flat = model.node("Reshape", model.quant(x, 6, 0.03), model.const([1, -1], np.int64), name="flat")
    output = model.node("MatMul", flat, model.ternary((6, 5)), name="fc")
    pairs = {"conv1": (stem, 0.02), "add1": (one, 0.05), "add2": (two, 0.03)}
    result = compare(model, output, tmp_path, pairs)
    assert result.equal > 0.9
    layers = {layer["name"]: layer for layer in result.network["layers"]}
    assert layers["add1"]["from"] == ["conv2", "conv1"]
    assert layers["add2"]["from"] == ["conv3", "conv4"]
    assert "requantize" not in layers["conv2"] and "bias" not in layers["conv2"]
    assert result.tensors["add1.multiplier_a"][1] < 0, "a negative factor needs no flipped weights here"


def test_depthwise(tmp_path):
    model = Model((3, 8, 8), seed=4)
    x = model.quant("x", 4, 1 / 15)
    x = model.node("Conv", x, model.ternary((6, 1, 3, 3)), name="dw", group=3, strides=[2, 1], pads=[1, 0, 1, 0])
    first = model.quant(model.batch_norm(x, 6), 4, 0.05)
    second = model.quant(model.node("Conv", first, model.ternary((5, 6, 1, 1)), name="pw"), 4, 0.05)
    output = model.node("Flatten", model.node("AveragePool", second, name="mean", kernel_shape=[4, 6]))
    result = compare(model, output, tmp_path, {"dw": (first, 0.05), "pw": (second, 0.05)})
    assert result.network["layers"][0]["groups"] == 3
    assert result.network["layers"][-1]["stride"] == [1, 1], "ONNX's default is not the file's"


def test_bipolar(tmp_path):
    """Weights and activations -1 and 1: activations become 0 and 1, the rest goes into the bias."""
    model = Model(seed=5)
    x = model.quant("x", 4, 1 / 15)
    x = model.node("Conv", x, model.bipolar(model.rng.normal(0, 1, (8, 1, 3, 3)), 0.3), name="conv1")
    first = model.bipolar(model.batch_norm(x, 8, model.rng.normal(0, 1, 8)), 0.7)
    x = model.node("MaxPool", first, name="pool", kernel_shape=[2, 2], strides=[2, 2])
    x = model.node("Conv", x, model.bipolar(model.rng.normal(0, 1, (8, 8, 2, 2)), 0.2), name="conv2")
    second = model.quant(x, 3, 0.3)
    flat = model.node("Flatten", second)
    output = model.node("Gemm", flat, model.bipolar(model.rng.normal(0, 1, (32, 4)), 0.2), name="fc")
    result = compare(model, output, tmp_path, {"conv1": (first, 1.4, -0.7), "conv2": (second, 0.3)})
    assert result.equal > 0.9
    assert {layer["format"] for layer in result.network["layers"] if "format" in layer} == {"single1"}


# Parts


@pytest.mark.parametrize("rounding", ["ROUND", "HALF_EVEN", "HALF_UP", "HALF_DOWN", "FLOOR", "CEIL", "UP", "DOWN"])
def test_rounding_modes(tmp_path, rounding):
    """Scales that are powers of two have exact multipliers, so only half to even may differ, and on ties alone."""
    model = Model(seed=6)
    x = model.quant("x", 8, 1.0)
    x = model.node("Conv", x, model.quant(model.rng.uniform(-4, 4, (8, 1, 3, 3)), 3, 1.0, signed=1), name="conv", strides=[3, 3])
    output = model.quant(x, 6, 32.0, rounding_mode=rounding)
    flat = model.node("GlobalAveragePool", output)
    result = compare(model, output_of := model.node("Flatten", flat), tmp_path, {"conv": (output, 32.0)}, pixel_scale=1)
    assert output_of in result.real
    assert result.equal == 1.0 or rounding in ("ROUND", "HALF_EVEN") and result.equal > 0.9


@pytest.mark.parametrize("rounding", ["ROUND", "HALF_EVEN", "HALF_UP"])
def test_averages(tmp_path, rounding):
    """Rounded to the nearest level, ties up: the model's levels, but for ties to even. Behind that any rounding leaves them."""
    model = Model(seed=13)
    x = model.quant("x", 4, 1 / 15)
    mean = model.quant(model.node("AveragePool", x, name="mean", kernel_shape=[3, 3], strides=[3, 3]), 4, 1 / 15, rounding_mode=rounding)
    again = model.quant(mean, 4, 1 / 15, rounding_mode="FLOOR")
    output = model.node("Gemm", model.node("Flatten", again), model.ternary((4, 4)), name="fc")
    assert compare(model, output, tmp_path, {"mean": (mean, 1 / 15)}).equal == 1, "nine numbers have no tie"


@pytest.mark.parametrize(
    "levels, expected",
    [
        ([-1, 1], "diff1"),
        ([-1, 0, 1], "diff1"),
        ([-2, 1], "diff2"),
        ([-3, 3], "diff2"),
        ([-4, 3], "single3"),
        ([0, 4], "single4"),
    ],
)
def test_format(tmp_path, levels, expected):
    model = Model((1, 1, 4))
    weights = model.quant(np.resize(levels, (3, 1, 1, 4)), 4, 1.0, signed=1)
    model.node("Flatten", model.node("Conv", model.quant("x", 4, 1 / 15), weights, name="conv"), name="out")
    _, network = imported(model, "out", tmp_path)
    assert network.description["layers"][0]["format"] == expected


def test_negative_gamma_flips_weights(tmp_path):
    """-4 becomes 4, which needs a wider format."""
    model = Model((1, 4, 4), seed=7)
    weights = model.quant(model.rng.integers(-4, 4, (4, 1, 3, 3)), 3, 1.0, signed=1)
    x = model.node("Conv", model.quant("x", 4, 1 / 15), weights, name="conv")
    hidden = model.quant(model.batch_norm(x, 4, [1, -1, 0.5, -2]), 4, 1.0)
    output = model.node("Flatten", model.node("GlobalAveragePool", hidden))
    result = compare(model, output, tmp_path, {"conv": (hidden, 1.0)})
    assert result.network["layers"][0]["format"] == "single4"


def test_quantizer_behind_pooling_and_flatten(tmp_path):
    """The largest of sums, requantized, is the largest of requantized sums."""
    model = Model(seed=8)
    x = model.node("Conv", model.quant("x", 4, 1 / 15), model.ternary((4, 1, 3, 3)), name="conv")
    x = model.node("MaxPool", model.node("Relu", x), name="pool", kernel_shape=[2, 2], strides=[2, 2])
    hidden = model.quant(model.node("Flatten", x, name="flat"), 4, 0.05)
    output = model.node("MatMul", hidden, model.node("Transpose", model.ternary((5, 36)), perm=[1, 0]), name="fc")
    result = compare(model, output, tmp_path, {"flat": (hidden, 0.05)})
    assert [layer["name"] for layer in result.network["layers"]] == ["conv", "pool", "flat", "fc"]


def test_signed_activations_behind_relu(tmp_path):
    model = Model(seed=9)
    x = model.node("Conv", model.linear("x", 1 / 127, np.int8), model.ternary((4, 1, 8, 8)), name="conv")
    hidden = model.quant(model.node("Relu", x), 4, 0.1, signed=1)
    output = model.node("Flatten", hidden)
    result = compare(model, output, tmp_path, {"conv": (hidden, 0.1)})
    assert result.network["input"]["bits"] == 7
    assert result.network["layers"][0]["requantize"]["bits"] == 3


def test_end_is_left_out(tmp_path):
    """Softmax, ArgMax and a signed quantizer change no order among the classes, and say so."""
    model = Model((1, 2, 2), seed=10)
    flat = model.node("Flatten", model.quant("x", 4, 1 / 15))
    fc = model.node("Gemm", flat, model.ternary((4, 3)), name="fc")
    fc = model.node("Add", fc, model.rng.normal(0, 0.1, (1, 3)))
    soft = model.node("Softmax", model.linear(fc, 0.1, np.int8), name="soft")
    _, network = imported(model, model.node("ArgMax", soft, name="top", axis=1), tmp_path)
    assert [note.split(":")[0] for note in network.notes] == [
        "node 8 (ArgMax 'top')",
        "node 7 (Softmax 'soft')",
        "node 6 (DequantizeLinear 'dequantizelinear_6')",
    ]
    assert network.tensors["fc.bias"].dtype == np.int32 and network.tensors["fc.bias"].any()


def test_names(tmp_path):
    """Valid names stay, others become valid, and none is used twice."""
    model = Model((1, 4, 4))
    x = model.quant("x", 4, 1 / 15)
    for name in ("a-b_C9", "/block/conv", "block_conv", "image", "/", "1e5"):
        x = model.quant(model.node("Conv", x, model.ternary((1, 1, 1, 1)), name=name), 4, 1 / 15)
    _, network = imported(model, model.node("GlobalAveragePool", x, name="mean"), tmp_path, name="my net")
    names = [layer["name"] for layer in network.description["layers"]]
    assert names == ["a-b_C9", "block_conv", "block_conv_2", "image_2", "conv14", "1e5", "mean"]
    assert "a-b_C9.weight" in network.tensors
    text = (tmp_path / "net.yaml").read_text()
    assert "name: '1e5'" in text, "a number in YAML 1.2, though not in 1.1"
    written = yaml.safe_load(text)
    assert [layer["name"] for layer in written["layers"]] == names
    assert written["name"] == "my net"
    assert written["weights"] == "net.safetensors"
    assert list(written)[:4] == ["schema", "name", "source", "weights"]


@pytest.mark.parametrize(
    "scale, bits, pixel_scale", [(1 / 15, 4, 1 / 255), (16, 4, 1), (1 / 255, 8, 1 / 255), (0.013, 5, 1 / 255), (1, 1, 1 / 255)]
)
@pytest.mark.parametrize("rounding", ["ROUND", "FLOOR", "CEIL", "HALF_DOWN"])
def test_input_scaling(scale, bits, pixel_scale, rounding):
    """Every pixel gives the model's level, but for those on a boundary."""
    ratio, pixels = pixel_scale / scale, np.arange(256)
    how = folding.input_scaling(None, ratio, bits, rounding)
    got = clipped(pixels * how["multiplier"], how["bias"], how["shift"], bits)
    boundary = {"ROUND": 0.5, "HALF_DOWN": 0.5}.get(rounding, 0)
    distance = np.abs((pixels * ratio - boundary + 0.5) % 1 - 0.5)
    function = {"FLOOR": np.floor, "CEIL": np.ceil}.get(rounding, np.round)
    wanted = np.clip(function(pixels * ratio), 0, 2**bits - 1)
    assert (got == wanted)[distance > 1e-4].all() and np.abs(got - wanted).max() <= 1


def test_requantization():
    """The largest multiplier uses 8 bits; the error before rounding is within the bound of docs/onnx.md."""
    rng = np.random.default_rng(11)
    for exponent in rng.uniform(-16, 5, 200):
        ratios = 2**exponent * rng.uniform(0.1, 1, 6)
        offsets, sums = rng.normal(0, 2, 6), rng.integers(-(2**14), 2**14, 6)
        multipliers, biases, shift = folding.requantization(None, ratios, offsets, "ROUND")
        assert multipliers.max() >= 128
        error = (sums * multipliers + biases.astype(float)) / 2**shift - (ratios * sums + offsets)
        assert (np.abs(error) <= (np.abs(sums) + 1.001) * 2.0 ** -(shift + 1)).all()


# What is refused


def graph_of(build):
    """A model around `build(model, activations)`, which gives the output."""
    model = Model((2, 4, 4), seed=12)
    return model, build(model, model.quant("x", 4, 1 / 15, name="in"))


def conv(model, x, shape=(2, 2, 3, 3), name="c", **attributes):
    return model.node("Conv", x, model.ternary(shape), name=name, **attributes)


def head(model, x):
    return model.node("GlobalAveragePool", x)


def scaled_gemm(model, x):
    weights = model.quant(np.ones((3, 32)), 2, [[1], [2], [3]], signed=1)
    return model.node("Gemm", model.node("Flatten", x), weights, name="g", transB=1)


def branch(model, x):
    y = conv(model, x, pads=[1] * 4)
    return head(model, model.node("Add", model.quant(y, 4, 1), y))


def flipped(model, x):
    weights = model.quant(np.full((2, 2, 3, 3), -8), 4, 1, signed=1)
    return head(model, model.quant(model.batch_norm(model.node("Conv", x, weights, name="c"), 2, [-1, 1]), 4, 1))


QUANTIZED = "Quant or QuantizeLinear, DequantizeLinear before it"
OPERATORS = (
    "Add, AveragePool, BatchNormalization, BipolarQuant, Conv, DequantizeLinear, Dropout, Flatten, Gemm, GlobalAveragePool, "
    "Identity, IntQuant, MatMul, MaxPool, Quant, QuantizeLinear, Relu, Reshape, Transpose"
)
REFUSALS = {
    "signed activations": (
        lambda m, x: head(m, m.quant(conv(m, x), 4, 1, signed=1, name="q")),
        "node 3 (Quant 'q'): signed activations of 4 bits; allowed: unsigned ones, or signed ones right after a Relu",
    ),
    "zero point": (
        lambda m, x: head(m, m.quant(conv(m, x), 4, 1, 3, name="q")),
        "node 3 (Quant 'q'): zero point 3.0; allowed: zero point 0",
    ),
    "zero point of QuantizeLinear": (
        lambda m, x: head(m, m.linear(conv(m, x), 0.1, np.uint8, 128)),
        "node 3 (QuantizeLinear 'quantizelinear_3'): zero point 128; allowed: zero point 0",
    ),
    "scales per channel": (
        lambda m, x: head(m, m.quant(conv(m, x), 4, np.reshape([1, 2], (1, 2, 1, 1)), name="q")),
        "node 3 (Quant 'q'): 2 activation scales (1, 2); allowed: one scale for the whole activation tensor",
    ),
    "activation bits": (
        lambda m, x: head(m, m.quant(conv(m, x), 9, 1, name="q")),
        "node 3 (Quant 'q'): activations of 9 bits; allowed: 1 to 8 bits",
    ),
    "narrow activations": (
        lambda m, x: head(m, m.quant(conv(m, x), 4, 1, narrow=1, name="q")),
        "node 3 (Quant 'q'): narrow range of unsigned activations; allowed: narrow 0",
    ),
    "rounding mode": (
        lambda m, x: head(m, m.quant(conv(m, x), 4, 1, rounding_mode="STOCHASTIC", name="q")),
        "node 3 (Quant 'q'): rounding_mode STOCHASTIC; allowed: ROUND, HALF_EVEN, HALF_UP, HALF_DOWN, FLOOR, CEIL, UP, DOWN",
    ),
    **{
        f"averages, {rounding}": (
            lambda m, x, rounding=rounding: m.quant(head(m, x), 4, 1 / 15, rounding_mode=rounding, name="q"),
            f"node 2 (Quant 'q'): rounding_mode {rounding} of averages; allowed: ROUND or HALF_EVEN or HALF_UP",
        )
        for rounding in ("FLOOR", "DOWN", "CEIL", "UP", "HALF_DOWN")
    },
    "averages, flattened": (
        lambda m, x: m.quant(m.node("Flatten", head(m, x)), 4, 1 / 15, rounding_mode="FLOOR", name="q"),
        "node 3 (Quant 'q'): rounding_mode FLOOR of averages; allowed: ROUND or HALF_EVEN or HALF_UP",
    ),
    "bits": (
        lambda m, x: head(m, m.quant(conv(m, x), 2.5, 1, name="q")),
        "node 3 (Quant 'q'): bits 2.5; allowed: one whole number of bits, 1 to 32",
    ),
    "not a number": (
        lambda m, x: m.node("Conv", x, m.quant(np.full((2, 2, 4, 4), np.nan), 4, 1, signed=1, name="q")),
        "node 1 (Quant 'q'): a constant that is empty or not finite; allowed: finite numbers",
    ),
    "scale": (
        lambda m, x: head(m, m.quant(conv(m, x), 4, -0.5, name="q")),
        "node 3 (Quant 'q'): scale -0.5; allowed: scales above 0",
    ),
    "one bit": (
        lambda m, x: m.node("Conv", x, m.quant(np.ones((2, 2, 4, 4)), 1, 1, signed=1, name="q")),
        "node 1 (Quant 'q'): bits 1, signed 1, narrow 0; allowed: two levels or more (BipolarQuant for -1 and 1)",
    ),
    "blocks": (
        lambda m, x: m.node("Conv", x, m.linear(np.ones((2, 2, 4, 4)), 1, np.int8, block_size=2)),
        "node 1 (QuantizeLinear 'quantizelinear_1'): block_size 2; allowed: no blocks",
    ),
    "other scale behind": (
        lambda m, x: conv(m, m.quant(x, 4, 0.5, name="q"), (2, 2, 4, 4)),
        "node 1 (Quant 'q'): activations of scale 0.0666667 to scale 0.5; allowed: the same scale",
    ),
    "fewer bits behind": (
        lambda m, x: conv(m, m.quant(x, 3, 1 / 15, name="q"), (2, 2, 4, 4)),
        "node 1 (Quant 'q'): activations of 4 bits to fewer; allowed: 4 bits or more",
    ),
    "float weights": (
        lambda m, x: m.node("Conv", x, np.ones((2, 2, 4, 4)), name="c"),
        "node 1 (Conv 'c'): float weights without a quantizer; allowed: Quant, BipolarQuant or DequantizeLinear on them",
    ),
    "weight bits": (
        lambda m, x: m.node("Conv", x, m.quant(np.arange(-16, 16).repeat(2).reshape(2, 2, 4, 4), 5, 1, signed=1), name="c"),
        "node 2 (Conv 'c'): weight levels -16..15; allowed: -8..7 (4 bits), -7..8 where an output's factor is negative",
    ),
    "flipped weights": (
        flipped,
        "node 2 (Conv 'c'): weight levels -8..8; allowed: -8..7 (4 bits), -7..8 where an output's factor is negative",
    ),
    "weight scales": (
        lambda m, x: m.node("Conv", x, m.quant(np.ones((2, 2, 4, 4)), 4, [[[[1]], [[2]]]], signed=1), name="c"),
        "node 2 (Conv 'c'): weight scales that differ within an output; allowed: one scale per output, or one for all",
    ),
    "dilations": (
        lambda m, x: conv(m, x, (2, 2, 2, 2), dilations=[2, 2]),
        "node 2 (Conv 'c'): dilations [2, 2]; allowed: [1, 1]",
    ),
    "asymmetric padding": (
        lambda m, x: conv(m, x, pads=[0, 0, 1, 1]),
        "node 2 (Conv 'c'): pads [0, 0, 1, 1]; allowed: the same at both ends of a dimension",
    ),
    "auto_pad": (
        lambda m, x: conv(m, x, auto_pad="SAME_UPPER"),
        "node 2 (Conv 'c'): auto_pad SAME_UPPER; allowed: NOTSET or VALID",
    ),
    "one dimension": (
        lambda m, x: m.node("Conv", x, m.ternary((2, 2, 3)), name="c"),
        "node 2 (Conv 'c'): 1 spatial dimensions; allowed: 2",
    ),
    "bipolar padding": (
        lambda m, x: head(m, m.quant(conv(m, m.bipolar(m.node("Conv", x, m.ternary((2, 2, 1, 1))), 1), pads=[1] * 4), 4, 1)),
        "node 5 (Conv 'c'): pads [1, 1] of bipolar activations; allowed: no padding: 0 is neither -1 nor 1",
    ),
    "transposed convolution": (
        lambda m, x: m.node("ConvTranspose", x, m.ternary((2, 2, 3, 3)), name="c"),
        f"node 2 (ConvTranspose 'c'): operator ConvTranspose; allowed: {OPERATORS}",
    ),
    "Softmax inside": (
        lambda m, x: head(m, m.quant(m.node("Softmax", conv(m, x), name="s"), 4, 1)),
        "node 3 (Softmax 's'): operator Softmax; allowed: at the end of the graph only",
    ),
    "Softmax over rows": (
        lambda m, x: m.node("Softmax", conv(m, x), name="s", axis=2),
        "node 3 (Softmax 's'): axis 2; allowed: 1 or -1, the classes",
    ),
    "no quantizer before": (
        lambda m, x: conv(m, m.node("Relu", conv(m, x, name="first")), (2, 2, 2, 2)),
        f"node 5 (Conv 'c'): input 0 is sums that no quantizer has seen; allowed: {QUANTIZED}",
    ),
    "no quantizer at the input": (
        lambda m, _: conv(m, "x"),
        f"node 2 (Conv 'c'): input 0 is the graph's input, which no quantizer has seen; allowed: {QUANTIZED}",
    ),
    "two quantizers at the input": (
        lambda m, x: m.node("Add", conv(m, x), conv(m, m.quant("x", 5, 1 / 31, name="q"), name="d")),
        "node 3 (Quant 'q'): another quantizer for the graph's input, scale 0.0322581, 5 bits; allowed: one",
    ),
    "pixel scale": (
        lambda m, _: conv(m, m.quant("x", 8, 3, name="q")),
        "node 1 (Quant 'q'): a pixel of 1 is 0.001307 levels, one of 255 is 0.3333; "
        "allowed: something within 0..255 (see --pixel-scale)",
    ),
    "padded pooling": (
        lambda m, x: head(m, m.node("MaxPool", x, name="p", kernel_shape=[2, 2], pads=[1] * 4)),
        "node 1 (MaxPool 'p'): pads [1, 1, 1, 1]; allowed: no padding",
    ),
    "ceil_mode": (
        lambda m, x: head(m, m.node("MaxPool", x, name="p", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)),
        "node 1 (MaxPool 'p'): ceil_mode 1; allowed: 0",
    ),
    "average of sums": (
        lambda m, x: head(m, conv(m, x)),
        f"node 3 (GlobalAveragePool 'globalaveragepool_3'): input 0 is sums that no quantizer has seen; allowed: {QUANTIZED}",
    ),
    "batch normalization of activations": (
        lambda m, x: head(m, m.batch_norm(x, 2)),
        "node 1 (BatchNormalization 'batchnormalization_1'): input 0 is activations; "
        "allowed: the sums of a layer of weights or an Add",
    ),
    "batch normalization behind Relu": (
        lambda m, x: head(m, m.quant(m.batch_norm(m.node("Relu", conv(m, x)), 2), 4, 1)),
        "node 4 (BatchNormalization 'batchnormalization_4'): input 0 comes after Relu or pooling; "
        "allowed: this operator before them, or a quantizer between",
    ),
    "branch of sums": (
        branch,
        "node 2 (Conv 'c'): sums that no quantizer has seen are read 2 times; "
        "allowed: one reader, or a quantizer before the branch",
    ),
    "shapes of an addition": (
        lambda m, x: head(m, m.quant(m.node("Add", conv(m, x), x, name="a"), 4, 1)),
        "node 3 (Add 'a'): shapes [2, 2, 2] and [2, 4, 4]; allowed: equal shapes",
    ),
    "three addends": (
        lambda m, x: head(m, m.quant(m.node("Add", m.node("Add", x, x), x, name="a"), 4, 1)),
        f"node 2 (Add 'a'): input 0 is an addition that no quantizer has seen; allowed: {QUANTIZED}",
    ),
    "bias per pixel": (
        lambda m, x: m.node("Add", conv(m, x), np.arange(4).reshape(2, 2), name="a"),
        "node 3 (Add 'a'): a constant that varies within a channel; allowed: one number per channel",
    ),
    "reshape": (
        lambda m, x: m.node("Reshape", x, m.const([2, -1], np.int64), name="r"),
        "node 1 (Reshape 'r'): shape [2, -1]; allowed: [batch, 32], which flattens",
    ),
    "matrix": (
        lambda m, x: m.node("MatMul", x, m.ternary((4, 3)), name="g"),
        "node 2 (MatMul 'g'): weights [4, 3] on activations [2, 4, 4]; allowed: a matrix on flattened activations that fit",
    ),
    "scales of the last layer": (
        scaled_gemm,
        "node 3 (Gemm 'g'): scales of outputs from 0.0666667 to 0.2 in the last layer; "
        "allowed: one scale for all, or a quantizer behind it",
    ),
    "multipliers": (
        lambda m, x: head(m, m.quant(conv(m, x), 4, 1e-7)),
        "node 2 (Conv 'c'): 4167 output levels per sixteenth of a unit; allowed: up to 255",
    ),
    "bias": (
        lambda m, x: head(m, m.quant(m.node("Add", conv(m, x), 1e6), 4, 1)),
        "node 2 (Conv 'c'): a bias of 1e+06; allowed: up to 4096 here, 32 bits at shift 19",
    ),
    "Relu at the end": (
        lambda m, x: m.node("Relu", conv(m, x, (2, 2, 4, 4)), name="r"),
        "graph output 'r': sums after Relu, MaxPool or Add; allowed: the sums of a layer of weights, or a quantizer",
    ),
    "more than one number per class": (
        lambda m, x: conv(m, x),
        "graph output 'c': shape [2, 2, 2]; allowed: one number per class, 256 classes at most",
    ),
    "malformed": (
        lambda m, x: m.node("Conv", name="c"),
        "node 1 (Conv 'c'): input 0 is missing; allowed: all inputs",
    ),
    "malformed parameters": (
        lambda m, x: head(m, m.node("MaxPool", x, name="p", kernel_shape=[2, 2], strides=[0, 0])),
        "node 1 (MaxPool 'p'): strides [0, 0]; allowed: two numbers above 0",
    ),
    "computed scale": (
        lambda m, x: head(m, m.quant(conv(m, x), 4, m.node("Sqrt", 2.0), name="q")),
        f"node 3 (Sqrt 'sqrt_3'): operator Sqrt; allowed: {OPERATORS}",
    ),
}


@pytest.mark.parametrize("case", REFUSALS)
def test_refused(tmp_path, case):
    build, message = REFUSALS[case]
    model, output = graph_of(build)
    with pytest.raises(Refused) as refusal:
        imported(model, output, tmp_path)
    assert str(refusal.value) == f"{tmp_path}/model.onnx: {message}"
    assert [path.name for path in tmp_path.iterdir()] == ["model.onnx"]


def test_dynamic_shape_is_refused(tmp_path):
    """Only the batch may be open."""
    for dims, message in (
        (["n", 1, 2, 2], None),
        ([1, 1, "h", 2], "graph input 'x': shape [1, 1, h, 2]; allowed: [batch, channels, height, width] with fixed numbers"),
    ):
        model = Model()
        model.node("Flatten", conv(model, model.quant("x", 4, 1 / 15), (2, 1, 2, 2)), name="out")
        model.dims = dims
        if message is None:
            imported(model, "out", tmp_path)
            continue
        with pytest.raises(Refused) as refusal:
            imported(model, "out", tmp_path)
        assert str(refusal.value) == f"{tmp_path}/model.onnx: {message}"


# The command


def command(*arguments):
    run = [sys.executable, "-m", "training.onnx_import", *map(str, arguments)]
    return subprocess.run(run, capture_output=True, text=True, cwd=ROOT)


def test_command(tmp_path):
    model = Model(seed=1)
    output = small_cnn(model, model.ternary, lambda x, scale: model.quant(x, 4, scale))[2]
    onnx.save(model.proto(output), tmp_path / "model.onnx")
    target = tmp_path / "lenet.yaml"
    done = command(tmp_path / "model.onnx", target, "--range", "1/2")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{target}: 5 layers, 744 weights\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lenet.safetensors", "lenet.yaml", "model.onnx"]
    network = yaml.safe_load(target.read_text())
    assert network["name"] == "lenet"
    assert {layer["range"] for layer in network["layers"] if "range" in layer} == {"1/2"}


def test_command_refuses(tmp_path, capsys):
    """One line, exit code 2, and the files that were there before stay as they are."""
    garbage, target = tmp_path / "garbage.onnx", tmp_path / "net.yaml"
    garbage.write_bytes(b"\xff\xff no model")
    target.write_text("before")
    for source, words in ((garbage, "is no ONNX model"), (tmp_path / "absent.onnx", "can not be read: No such file")):
        assert main([str(source), str(target)]) == 2
        out, err = capsys.readouterr()
        assert out == "" and err.startswith(f"{source}: {words}") and err.count("\n") == 1
    assert target.read_text() == "before"
    with pytest.raises(SystemExit) as refusal:
        main([str(garbage), "net.json"])
    assert refusal.value.code == 2


def test_nothing_half_written(tmp_path, monkeypatch):
    """When the disk is full, neither file is there, and no draft."""
    model = Model((1, 2, 2))
    model.node("Flatten", conv(model, model.quant("x", 4, 1 / 15), (2, 1, 2, 2)), name="out")
    _, network = imported(model, "out", tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(OSError):
        write(network, tmp_path / "net.yaml")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
