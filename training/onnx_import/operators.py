"""What each operator makes of its inputs. Sums stay real numbers (`Affine`) until a quantizer settles them."""

from dataclasses import replace

import numpy as np

from training.onnx_import import quantizers
from training.onnx_import.folding import input_scaling
from training.onnx_import.layers import IMAGE
from training.onnx_import.refusal import refuse
from training.onnx_import.values import Activation, Affine, Constant, Image, Matrix

BEFORE = "Quant or QuantizeLinear, DequantizeLinear before it"


def what(value):
    """A value in words."""
    if isinstance(value, Affine):
        return "sums that no quantizer has seen"
    if isinstance(value, Image):
        return "the graph's input, which no quantizer has seen"
    if isinstance(value, Constant):
        return "a constant"
    return "integers between QuantizeLinear and DequantizeLinear" if value.raw else "activations"


def activation(state, node, number=0):
    value = state.value(node, number)
    if not isinstance(value, Activation) or value.raw:
        refuse(node, f"input {number} is {what(value)}", BEFORE)
    return value


def array(state, node, number, name):
    """A parameter that has to be constant."""
    value = state.value(node, number)
    if not isinstance(value, Constant):
        refuse(node, f"{name} computed by the graph", f"a constant {name}")
    return value


def attribute_is(node, name, default, allowed):
    value = node.attribute(name, default)
    if value not in allowed:
        refuse(node, f"{name} {value}", " or ".join(str(a) for a in allowed))
    return value


def quantizer(state, node):
    value, quant = state.value(node, 0), quantizers.read(node, state.constant)
    if isinstance(value, Constant):
        return quantizers.quantize_constant(quant, value)
    if node.op == "DequantizeLinear":
        return dequantized(node, value, quant)
    if isinstance(value, Image):
        result = quantize_image(state, node, value, quant)
    elif isinstance(value, Activation):
        result = quantized_again(node, value, quant)
    else:
        result = state.builder.quantize(value, quant)
    return replace(result, raw=node.op == "QuantizeLinear")


def dequantized(node, value, quant):
    if not isinstance(value, Activation) or not value.raw:
        refuse(node, f"input 0 is {what(value)}", "what QuantizeLinear gives, or constants")
    if not alike(value.scale, quant.scalar()):
        refuse(node, f"scale {quant.scalar():.6g}", f"{value.scale:.6g}, as in QuantizeLinear")
    return replace(value, raw=False)


def quantize_image(state, node, image, quant):
    if quant.bipolar:
        refuse(node, "bipolar pixels", "Quant or QuantizeLinear for the graph's input")
    bits, scale = quant.activation_bits(nonnegative=True), quant.scalar()
    ratio = float(state.pixel_scale) / scale
    scaling = input_scaling(node, ratio, bits, quant.rounding)
    entry = {"shape": list(image.shape), "bits": bits, "scaling": scaling}
    if state.builder.input not in (None, entry):
        refuse(node, f"another quantizer for the graph's input, scale {scale:.6g}, {bits} bits", "one")
    state.builder.input = entry
    return Activation(IMAGE, image.shape, bits, scale)


def quantized_again(node, value, quant):
    """A second quantizer in a row may only say what the first one said."""
    if value.raw or value.offset or quant.bipolar:
        refuse(node, f"input 0 is {what(value)}", "sums, or activations of the same scale")
    if not alike(value.scale, quant.scalar()):
        refuse(node, f"activations of scale {value.scale:.6g} to scale {quant.scalar():.6g}", "the same scale")
    if quant.activation_bits(nonnegative=True) < value.bits:
        refuse(node, f"activations of {value.bits} bits to fewer", f"{value.bits} bits or more")
    if value.averaged and quant.rounding not in quantizers.NEAREST:
        refuse(node, f"rounding_mode {quant.rounding} of averages", " or ".join(quantizers.NEAREST))
    return replace(value, averaged=False)


def alike(a, b):
    return abs(a - b) <= quantizers.ALIKE * max(a, b)


def weights(state, node, number, outputs_last=False):
    """Levels [outputs, ...] and one scale per output."""
    constant = array(state, node, number, "weights")
    if constant.levels is None:
        refuse(node, "float weights without a quantizer", "Quant, BipolarQuant or DequantizeLinear on them")
    if constant.levels.ndim < 2:
        refuse(node, f"weights of shape {list(constant.levels.shape)}", "[outputs, inputs...]")
    if outputs_last:
        constant = constant.map(np.transpose)
    scale = constant.scale.reshape(len(constant.scale), -1)
    if np.ptp(scale, axis=1).any():
        refuse(node, "weight scales that differ within an output", "one scale per output, or one for all")
    return constant, scale[:, 0]


def sums(state, node, keys, source, constant, scale, shape):
    """A layer of weights on activations: scales and the activations' offset go into factor and bias."""
    matrix = Matrix(node, keys, source, constant.levels, constant.bipolar, shape)
    per_unit = scale * source.scale
    bias = scale * source.offset * constant.levels.reshape(len(scale), -1).sum(axis=1)
    return Affine(node, (matrix,), (per_unit / 16,), bias, shape, flat=keys["kind"] == "fully_connected")


def conv(state, node):
    source = activation(state, node)
    constant, scale = weights(state, node, 1)
    if source.flat or constant.levels.ndim != 4:
        refuse(node, f"{constant.levels.ndim - 2} spatial dimensions", "2")
    kernel, stride, padding = window(node, constant.levels.shape[2:])
    groups = node.attribute("group", 1)
    outputs, channels = constant.levels.shape[:2]
    if channels * groups != source.shape[0] or outputs % groups:
        problem = f"weights [{outputs}, {channels}] in {groups} groups for {source.shape[0]} channels"
        refuse(node, problem, "[outputs, channels / groups]")
    if source.offset and any(padding):
        refuse(node, f"pads {padding} of bipolar activations", "no padding: 0 is neither -1 nor 1")
    shape = (outputs, *sizes(node, source.shape[1:], kernel, stride, padding))
    keys = {"kind": "conv", "outputs": outputs, "kernel": kernel, "stride": stride, "padding": padding, "groups": groups}
    affine = sums(state, node, keys, source, constant, scale, shape)
    if node.input(2) is None:
        return affine
    bias = array(state, node, 2, "bias").array
    return affine.scaled(1.0, per_channel(node, bias.reshape(-1, 1, 1), shape))


def window(node, kernel=None, padded=True):
    """Kernel, stride and padding of a convolution or pooling: (rows, columns) each."""
    kernel = list(node.attribute("kernel_shape", kernel))
    attribute_is(node, "auto_pad", "NOTSET", ("NOTSET", "VALID"))
    attribute_is(node, "ceil_mode", 0, (0,))
    if len(kernel) != 2:
        refuse(node, f"{len(kernel)} spatial dimensions", "2")
    attribute_is(node, "dilations", [1, 1], ([1, 1],))
    pads = list(node.attribute("pads", [0] * 4))
    if not padded and any(pads):
        refuse(node, f"pads {pads}", "no padding")
    if pads[:2] != pads[2:]:
        refuse(node, f"pads {pads}", "the same at both ends of a dimension")
    strides = list(node.attribute("strides", [1, 1]))
    if len(strides) != 2 or min(strides) < 1:
        refuse(node, f"strides {strides}", "two numbers above 0")
    return kernel, strides, pads[:2]


def sizes(node, size, kernel, stride, padding):
    out = tuple((n + 2 * p - k) // s + 1 for n, k, s, p in zip(size, kernel, stride, padding))
    if min(out) < 1:
        refuse(node, f"a kernel of {kernel} on {list(size)}", "kernels that fit")
    return out


def per_channel(node, values, shape, flat=False):
    """A constant as one number per channel."""
    whole = (1, shape[0]) if flat else (1, *shape)
    try:
        spread = np.broadcast_to(values, whole).reshape(shape[0], -1)
    except ValueError:
        refuse(node, f"a constant of shape {list(values.shape)} on {list(whole)}", "one number per channel")
    if not np.isfinite(spread).all():
        refuse(node, "a constant that is not finite", "finite numbers")
    if np.ptp(spread, axis=1).any():
        refuse(node, "a constant that varies within a channel", "one number per channel")
    return spread[:, 0].astype(np.float64)


def fully_connected(state, node, outputs_last):
    source = activation(state, node)
    constant, scale = weights(state, node, 1, outputs_last)
    if constant.levels.ndim != 2 or not source.flat or constant.levels.shape[1] != source.shape[0]:
        problem = f"weights {list(state.value(node, 1).array.shape)} on activations {list(source.shape)}"
        refuse(node, problem, "a matrix on flattened activations that fit")
    outputs = len(scale)
    keys = {"kind": "fully_connected", "outputs": outputs}
    return sums(state, node, keys, source, constant, scale, (outputs, 1, 1))


def matmul(state, node):
    return fully_connected(state, node, outputs_last=True)


def gemm(state, node):
    attribute_is(node, "transA", 0, (0,))
    affine = fully_connected(state, node, outputs_last=not node.attribute("transB", 0))
    bias = np.zeros(affine.shape[0])
    if node.input(2) is not None:
        values = array(state, node, 2, "bias").array
        bias = node.attribute("beta", 1.0) * per_channel(node, values, affine.shape, flat=True)
    return affine.scaled(node.attribute("alpha", 1.0), bias)


def unfinished(state, node, number=0):
    """Sums to which more can be added or multiplied."""
    value = state.value(node, number)
    if not isinstance(value, Affine):
        refuse(node, f"input {number} is {what(value)}", "the sums of a layer of weights or an Add")
    if value.relu or value.after:
        refuse(node, f"input {number} comes after Relu or pooling", "this operator before them, or a quantizer between")
    return value


def batch_normalization(state, node):
    value = unfinished(state, node)
    attribute_is(node, "training_mode", 0, (0,))
    if any(node.outputs[1:]):  # how opsets before 14 say it
        refuse(node, f"{len(node.outputs)} outputs, which is training", "inference, one output")
    names = ("scale", "bias", "mean", "variance")
    parameters = [array(state, node, i, name).array.astype(np.float64) for i, name in enumerate(names, 1)]
    gamma, beta, mean, variance = parameters
    if not all(np.isfinite(p).all() for p in parameters) or variance.min() < 0:
        refuse(node, f"parameters not finite or a variance of {variance.min():g}", "finite ones, variances from 0 on")
    if any(p.shape != value.shape[:1] for p in parameters):
        refuse(node, f"parameters of shape {list(gamma.shape)} for {value.shape[0]} channels", "one number per channel")
    gain = gamma / np.sqrt(variance + node.attribute("epsilon", 1e-5))
    return value.scaled(gain, beta - mean * gain)


def add(state, node):
    """Bias or residual addition."""
    values = [state.value(node, i) for i in (0, 1)]
    constants = [v for v in values if isinstance(v, Constant)]
    if constants:
        number = 1 if values[1] is constants[-1] else 0
        value = unfinished(state, node, 1 - number)
        return value.scaled(1.0, per_channel(node, constants[-1].array, value.shape, value.flat))
    terms = [addend(state, node, i) for i in (0, 1)]
    if values[0].shape != values[1].shape or values[0].flat != values[1].flat:
        refuse(node, f"shapes {list(values[0].shape)} and {list(values[1].shape)}", "equal shapes")
    (a, t, bias_a), (b, u, bias_b) = terms
    return Affine(node, (a, b), (t, u), bias_a + bias_b, values[0].shape, values[0].flat)


def addend(state, node, number):
    """Source, multipliers and bias of one side of a residual addition."""
    value = state.value(node, number)
    if isinstance(value, Affine):
        value = unfinished(state, node, number)
        if len(value.sources) > 1:
            refuse(node, f"input {number} is an addition that no quantizer has seen", BEFORE)
        return value.sources[0], value.multipliers[0], value.bias
    value = activation(state, node, number)
    ones = np.ones(value.shape[0])
    return value, value.scale * ones, value.offset * ones


def relu(state, node):
    value = state.value(node, 0)
    if isinstance(value, Image):
        return value  # pixels are never negative
    if isinstance(value, Affine):
        return replace(value, relu=True)
    value = activation(state, node)
    if value.offset:
        refuse(node, "Relu of bipolar activations", "none: they would be 0 and 1")
    return value


def max_pool(state, node):
    """The largest stays the largest through a quantizer, so sums may be pooled before one."""
    attribute_is(node, "storage_order", 0, (0,))
    if any(state.uses[extra] for extra in node.outputs[1:]):
        refuse(node, "indices are used", "the pooled values alone")
    value = state.value(node, 0)
    if not isinstance(value, Affine):
        value = activation(state, node)
    kernel, stride, _ = window(node, (), padded=False)
    return pooled(state, node, "max_pool", value, kernel, stride)


def pooled(state, node, kind, value, kernel, stride):
    if value.flat:
        refuse(node, "flattened activations", "channels, rows and columns")
    shape = (value.shape[0], *sizes(node, value.shape[1:], kernel, stride, (0, 0)))
    return on_host(state, node, kind, value, {"kernel": kernel, "stride": stride}, shape)


def on_host(state, node, kind, value, entry, shape):
    """Now if there are activations, behind the quantizer if there are none yet."""
    if isinstance(value, Affine):
        return replace(value, shape=shape, after=(*value.after, (node, kind, entry, shape)))
    return state.builder.host(node, kind, value, entry, shape)


def average_pool(state, node):
    value = activation(state, node)
    if node.op == "GlobalAveragePool":
        kernel, stride = list(value.shape[1:]), list(value.shape[1:])
    else:
        kernel, stride, _ = window(node, (), padded=False)
    if not any(consumer.op in quantizers.NAMES for consumer in state.graph.consumers(node.output)):
        state.builder.note(node, "averages are rounded to whole levels")
    return replace(pooled(state, node, "average_pool", value, kernel, stride), averaged=True)


def flatten(state, node):
    axis = attribute_is(node, "axis", 1, (1, -3))
    return flattened(state, node, f"axis {axis}")


def reshape(state, node):
    target = [int(n) for n in array(state, node, 1, "shape").array]
    value = state.value(node, 0)
    if isinstance(value, Constant):
        return value.map(lambda part: part.reshape(target))
    elements = int(np.prod(value.shape))
    # The batch (or 0 for `as it is`, -1 for `what is left`) and everything else.
    batches = (state.graph.batch, 0, -1)
    if len(target) != 2 or target[0] not in batches or target[1] not in (elements, -1) or target == [-1, -1]:
        refuse(node, f"shape {target}", f"[batch, {elements}], which flattens")
    return flattened(state, node, f"shape {target}")


def flattened(state, node, problem):
    value = state.value(node, 0)
    if isinstance(value, (Image, Constant)) or getattr(value, "raw", False):
        refuse(node, f"{problem} of {what(value)}", BEFORE)
    shape = (int(np.prod(value.shape)), 1, 1)
    if value.shape != shape:
        value = on_host(state, node, "flatten", value, {}, shape)
    return replace(value, flat=True)


def transpose(state, node):
    value = state.value(node, 0)
    if not isinstance(value, Constant):
        refuse(node, f"a transposition of {what(value)}", "one of weights")
    permutation = node.attribute("perm")
    return value.map(lambda part: np.transpose(part, permutation))


def unchanged(state, node):
    return state.value(node, 0)


def dropout(state, node):
    """Nothing, outside of training."""
    if node.input(2) is not None and array(state, node, 2, "training_mode").array.any():
        refuse(node, "training_mode 1", "0")
    return state.value(node, 0)


OPERATORS = {
    **dict.fromkeys(quantizers.NAMES, quantizer),
    "Add": add,
    "AveragePool": average_pool,
    "BatchNormalization": batch_normalization,
    "Conv": conv,
    "Dropout": dropout,
    "Flatten": flatten,
    "Gemm": gemm,
    "GlobalAveragePool": average_pool,
    "Identity": unchanged,
    "MatMul": matmul,
    "MaxPool": max_pool,
    "Relu": relu,
    "Reshape": reshape,
    "Transpose": transpose,
}
