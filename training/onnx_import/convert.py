"""From a model to a network: the end of the graph, then operator by operator."""

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from training.onnx_import import graph as graphs
from training.onnx_import import quantizers
from training.onnx_import.layers import Builder
from training.onnx_import.operators import OPERATORS
from training.onnx_import.refusal import Refused, refuse
from training.onnx_import.values import Activation, Affine, Constant, Image
from training.onnx_import.writing import Network

RANGES = ("1", "1/2", "1/4", "1/8")
CLASSES = 256
# They change no order among the classes.
MONOTONE = ("Softmax", "LogSoftmax", "ArgMax")


@dataclass
class State:
    """What is known while the operators are gone through."""

    graph: graphs.Graph
    pixel_scale: Fraction
    builder: Builder
    uses: Counter
    values: dict = field(default_factory=dict)

    def value(self, node, number):
        name = node.input(number)
        if name is None:
            refuse(node, f"input {number} is missing", "all inputs")
        if name not in self.values:
            refuse(node, f"input {number} '{name}' comes from nowhere", "outputs of earlier nodes, constants, the graph's input")
        return self.values[name]

    def constant(self, name):
        """The array of a constant tensor, None for any other."""
        value = self.values.get(name)
        return value.array if isinstance(value, Constant) else None


def convert(path, conversion_range="1/4", name=None, pixel_scale=Fraction(1, 255)):
    """Reads a model and gives the `Network`; raises `Refused` with one line if it can not be one."""
    if conversion_range not in RANGES:
        raise ValueError(f"range {conversion_range}, not one of {', '.join(RANGES)}")
    try:
        return network(Path(path), conversion_range, name, pixel_scale)
    except Refused as error:
        raise Refused(f"{path}: {error}") from None


def network(path, conversion_range, name, pixel_scale):
    builder = Builder(1 if conversion_range == "1" else conversion_range)
    graph = without_end(graphs.read(path), builder)
    state = State(graph, pixel_scale, builder, graph.uses())
    state.values = {name: Constant(array) for name, array in graph.constants.items()}
    state.values[graph.input] = Image(graph.shape)
    for node in graph.nodes:
        evaluate(state, node)
    outputs = finish(state)
    description = {
        "schema": "capram.network/1",
        "name": name or path.stem,
        "source": f"imported from {path.name} with `python -m training.onnx_import`",
        "input": builder.input,
        "labels": [str(i) for i in range(outputs)],
        "layers": builder.layers,
    }
    return Network(description, builder.tensors, builder.notes)


def evaluate(state, node):
    operator = OPERATORS.get(node.op)
    if operator is None:
        allowed = "at the end of the graph only" if node.op in MONOTONE else ", ".join(sorted(OPERATORS))
        refuse(node, f"operator {node.op}", allowed)
    try:
        value = operator(state, node)
    except (IndexError, KeyError, TypeError, ValueError) as error:
        # What ONNX itself does not allow, inputs left out for one, is checked nowhere else.
        refuse(node, f"malformed ({' '.join(str(error).split())})", f"what ONNX defines for {node.op}")
    if isinstance(value, Affine) and state.uses[node.output] > 1:
        problem = f"sums that no quantizer has seen are read {state.uses[node.output]} times"
        refuse(node, problem, "one reader, or a quantizer before the branch")
    state.values[node.output] = value


def without_end(graph, builder):
    """Leaves out what stands behind the last sums and changes no order among them."""
    while (node := graph.producer(graph.output)) is not None:
        before = input_of_end(graph, node)
        if before is None:
            break
        builder.note(node, "left out, the order of the classes does not depend on it")
        graph = graph.without_tail(before)
    return graph


def input_of_end(graph, node):
    if node.op in MONOTONE:
        axis = node.attribute("axis", 0 if node.op == "ArgMax" else -1)
        if axis not in (1, -1):
            refuse(node, f"axis {axis}", "1 or -1, the classes")
        return node.inputs[0]
    return input_of_last_quantizer(graph, node)


def input_of_last_quantizer(graph, node):
    """A signed quantizer at the end: the sums are better read as they are."""
    first = graph.producer(node.inputs[0]) if node.op == "DequantizeLinear" and node.inputs else node
    if first is None or first.op not in ("Quant", "IntQuant", "QuantizeLinear"):
        return None
    quantizer = quantizers.read(first, graph.constants.get)
    before = graph.producer(first.inputs[0])
    if not quantizer.signed or before is None or before.op in ("Relu", "MaxPool"):
        return None
    quantizer.scalar()
    return first.inputs[0]


def finish(state):
    """Settles the last layer and gives the number of classes."""
    value, name = state.values.get(state.graph.output), state.graph.output
    place = f"graph output '{name}'"
    if not isinstance(value, (Affine, Activation)):
        refuse(place, "no layer leads to it", "a network from the graph's input to its output")
    if value.shape[1:] != (1, 1) or value.shape[0] > CLASSES:
        refuse(place, f"shape {list(value.shape)}", f"one number per class, {CLASSES} classes at most")
    if isinstance(value, Affine):
        if value.relu or value.after or len(value.sources) > 1:
            refuse(place, "sums after Relu, MaxPool or Add", "the sums of a layer of weights, or a quantizer")
        state.builder.sums(value)
    if not state.builder.layers:
        refuse(place, "no layer leads to it", "a network from the graph's input to its output")
    return value.shape[0]
