"""The ONNX graph: nodes that matter, constants, one input, one output."""

from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import numpy_helper

from training.onnx_import.refusal import Refused, refuse


@dataclass(frozen=True)
class Node:
    index: int  # in the model's list of nodes
    op: str
    name: str
    inputs: tuple
    outputs: tuple
    attributes: dict

    def __str__(self):
        return f"node {self.index} ({self.op} '{self.name}')"

    @property
    def output(self):
        return self.outputs[0]

    def input(self, number):
        """Name of an input, None for an optional one that is left out."""
        return (self.inputs[number] or None) if number < len(self.inputs) else None

    def attribute(self, name, default=None):
        return self.attributes.get(name, default)


@dataclass
class Graph:
    nodes: list  # in order; only those that the output needs
    constants: dict  # name to array
    input: str
    batch: int  # images that the model was exported for; 1 if that is open
    shape: tuple  # channels, height, width
    output: str

    def __post_init__(self):
        self.producers = {tensor: node for node in self.nodes for tensor in node.outputs}

    def producer(self, tensor):
        return self.producers.get(tensor)

    def without_tail(self, output):
        """The graph that ends at an earlier tensor."""
        needed = reachable(self.nodes, output)
        return replace(self, nodes=needed, output=output)

    def uses(self):
        """How often each tensor is read; leaving the graph is reading too."""
        return Counter([tensor for node in self.nodes for tensor in node.inputs] + [self.output])

    def consumers(self, tensor):
        return [node for node in self.nodes if tensor in node.inputs]


def read(path):
    """Reads a model."""
    graph = load(path)
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    nodes = []
    for index, proto in enumerate(graph.node):
        node = node_of(index, proto)
        if node.op == "Constant":
            constants[node.output] = constant(node)
        else:
            nodes.append(node)
    output = only("output", graph.output).name
    image = only("input", [value for value in graph.input if value.name not in constants])
    return Graph(reachable(nodes, output), constants, image.name, *image_shape(image), output)


def load(path):
    try:
        return onnx.load(path).graph
    except OSError as error:
        raise Refused(f"can not be read: {error.strerror or error}") from None
    except (DecodeError, onnx.checker.ValidationError) as error:
        raise Refused(f"is no ONNX model: {' '.join(str(error).split())}") from None


def node_of(index, proto):
    attributes = {a.name: onnx.helper.get_attribute_value(a) for a in proto.attribute}
    attributes = {name: v.decode() if isinstance(v, bytes) else v for name, v in attributes.items()}
    return Node(index, proto.op_type, proto.name, tuple(proto.input), tuple(proto.output), attributes)


def constant(node):
    (name, value), *_ = node.attributes.items()
    if name == "value":
        return numpy_helper.to_array(value)
    if name in ("value_float", "value_floats"):
        return np.asarray(value, np.float32)
    if name in ("value_int", "value_ints"):
        return np.asarray(value, np.int64)
    refuse(node, f"a constant given as {name}", "numbers")


def only(what, values):
    if len(values) != 1:
        names = ", ".join(value.name for value in values) or "none"
        refuse("graph", f"{len(values)} {what}s ({names})", f"one {what}")
    return values[0]


def image_shape(image):
    """Batch; channels, height, width. The batch may be anything: the macro sees one image at a time."""
    dims = image.type.tensor_type.shape.dim
    shape = [d.dim_value if d.HasField("dim_value") else d.dim_param or "?" for d in dims]
    if len(shape) != 4 or not all(isinstance(n, int) and n > 0 for n in shape[1:]):
        text = ", ".join(str(n) for n in shape)
        refuse(f"graph input '{image.name}'", f"shape [{text}]", "[batch, channels, height, width] with fixed numbers")
    return shape[0] if isinstance(shape[0], int) else 1, tuple(shape[1:])


def reachable(nodes, output):
    """Nodes that the output needs. What training left behind beside them is not looked at."""
    needed, kept = {output}, []
    for node in reversed(nodes):
        if needed.intersection(node.outputs):
            needed.update(node.inputs)
            kept.append(node)
    return kept[::-1]
