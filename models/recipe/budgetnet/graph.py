"""One static ONNX graph per policy; all of them share weights.bin (ONNX external data, float16).

A policy's narrow convolutions are row prefixes of the wide ones; a block's last convolution is stored with its first
two axes swapped, so that this holds for it too (a Transpose node swaps them back). Cast, Transpose and batch norms are
folded when a session loads.
"""

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from .network import Transition

OPSET = 21
IR_VERSION = 10
WEIGHTS_FILE = "weights.bin"
ALIGNMENT = 64


class SharedWeights:
    """Lays tensors one after the other into weights.bin; hands out references to row prefixes of them."""

    def __init__(self):
        self.blobs, self.places, self.length = [], {}, 0

    def reference(self, key, tensor, name, rows):
        """An external float16 initialiser `name`: the first `rows` rows of `tensor`, stored once under `key`."""
        if key not in self.places:
            blob = np.ascontiguousarray(tensor, np.float16).tobytes()
            self.places[key] = self.length
            padding = -len(blob) % ALIGNMENT
            self.blobs.append(blob + b"\0" * padding)
            self.length += len(blob) + padding
        shape = (rows, *tensor.shape[1:])
        proto = TensorProto(name=name, data_type=TensorProto.FLOAT16, dims=shape, data_location=TensorProto.EXTERNAL)
        for field, value in (
            ("location", WEIGHTS_FILE),
            ("offset", self.places[key]),
            ("length", 2 * int(np.prod(shape))),
        ):
            proto.external_data.add(key=field, value=str(value))
        return proto

    def bytes(self):
        return b"".join(self.blobs)


class OwnWeights:
    """Keeps tensors in the graph itself, in float16: for a graph that shares none."""

    def reference(self, key, tensor, name, rows):
        return numpy_helper.from_array(np.ascontiguousarray(tensor[:rows], np.float16), name)


class Graph:
    """Appends nodes; each method returns the name of its output."""

    def __init__(self, shared):
        self.shared, self.nodes, self.initialisers = shared, [], []

    def node(self, operator, inputs, **attributes):
        output = f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **attributes))
        return output

    def constant(self, array):
        name = f"constant_{len(self.initialisers)}"
        self.initialisers.append(numpy_helper.from_array(np.asarray(array), name))
        return name

    def weight(self, key, tensor, rows):
        name = key.replace(".", "_")
        self.initialisers.append(self.shared.reference(key, tensor, name, rows))
        return self.node("Cast", [name], to=TensorProto.FLOAT)

    def norm(self, x, norm):
        """Batch norm with the statistics of this policy; folded into the convolution before it."""
        values = [norm.weight, norm.bias, norm.running_mean, norm.running_var]
        inputs = [self.constant(value.detach().float().numpy()) for value in values]
        return self.node("BatchNormalization", [x, *inputs], epsilon=norm.eps)

    def model(self, input_name, height, width, output, classes):
        graph = helper.make_graph(
            self.nodes,
            "policy",
            [helper.make_tensor_value_info(input_name, TensorProto.UINT8, ["images", height, width, 3])],
            [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["images", classes])],
            self.initialisers,
        )
        opsets = [helper.make_opsetid("", OPSET)]
        return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="budgetnet")


def policy_graph(network, policy, shared, mean, deviation, height, width):
    """The static graph of policy index `policy`: "pixels" uint8 [images, height, width, 3] to float32 logits [images,
    classes].

    `mean` and `deviation` are those of the training images by colour, in [0, 1].
    """
    graph = Graph(shared)
    x = _normalised(graph, mean, deviation)
    x = _convolution(graph, x, "stem", network.stem)
    x = graph.node("Relu", [graph.norm(x, network.stem_norm[policy])])
    for index, layer in enumerate(network.layers):
        add = _transition if isinstance(layer, Transition) else _block
        x = add(graph, x, layer, policy, f"layers.{index}")
    return graph.model("pixels", height, width, _logits(graph, x, network.head), network.head.out_features)


def look_graph(look, mean, deviation, height, width):
    """The graph of a look (look.py), which contains its weights; inputs and outputs as a policy's."""
    graph = Graph(OwnWeights())
    x = _pooled(graph, _normalised(graph, mean, deviation), look.pool)
    for index, (convolution, norm) in enumerate(zip(look.convolutions, look.norms)):
        x = graph.node("Relu", [graph.norm(_convolution(graph, x, f"convolutions.{index}", convolution), norm)])
    return graph.model("pixels", height, width, _logits(graph, x, look.head), look.head.out_features)


def _normalised(graph, mean, deviation):
    x = graph.node("Transpose", [graph.node("Cast", ["pixels"], to=TensorProto.FLOAT)], perm=[0, 3, 1, 2])
    # After the Transpose: a factor for whole planes of a colour costs an eighth of one for every third number.
    scale = (1 / (255 * np.asarray(deviation, np.float64))).astype(np.float32).reshape(3, 1, 1)
    shift = (-np.asarray(mean, np.float64) / np.asarray(deviation, np.float64)).astype(np.float32).reshape(3, 1, 1)
    return graph.node("Add", [graph.node("Mul", [x, graph.constant(scale)]), graph.constant(shift)])


def statistics_in(file):
    """Mean and deviation by colour, float64 [3] each, by which the graph in `file` normalises: those of the images that
    it has learnt from. Raises ValueError if it normalises otherwise than the graphs written here.
    """
    graph = onnx.load(str(file), load_external_data=False).graph
    constants = {constant.name: constant for constant in graph.initializer}

    def constant_of(operator):
        node = next((node for node in graph.node if node.op_type == operator), None)  # those of _normalised come first
        name = node.input[1] if node else None
        if name not in constants or list(constants[name].dims) != [3, 1, 1]:
            raise ValueError(
                f"{file}: does not begin with a {operator} by colour; expected a graph of budgetnet.export"
            )
        return numpy_helper.to_array(constants[name]).astype(np.float64).ravel()

    deviation = 1 / (255 * constant_of("Mul"))
    return -constant_of("Add") * deviation, deviation


def _logits(graph, x, head):
    x = graph.node("Flatten", [graph.node("GlobalAveragePool", [x])])
    weight = graph.weight("head", _numpy(head.weight), head.out_features)
    return graph.node("Gemm", [x, weight, graph.constant(_numpy(head.bias))], transB=1)


def _pooled(graph, x, stride):
    return graph.node("AveragePool", [x], kernel_shape=[stride] * 2, strides=[stride] * 2) if stride > 1 else x


def _transition(graph, x, layer, policy, name):
    x = _pooled(graph, x, layer.stride)
    return graph.norm(_convolution(graph, x, f"{name}.conv", layer.conv), layer.norm[policy])


def _block(graph, x, layer, policy, name):
    width = layer.widths[policy]
    rest = _transition(graph, x, layer.shortcut, policy, f"{name}.shortcut") if layer.shortcut else x
    if width == 0:
        return graph.node("Relu", [rest]) if layer.shortcut else x
    for part, convolution, norms, last in layer.branch():
        add = _last_convolution if last else _convolution
        x = graph.norm(add(graph, x, f"{name}.{part}", convolution, width), norms[policy])
        if not last:
            x = graph.node("Relu", [x])
    return graph.node("Relu", [graph.node("Add", [x, rest])])


def _convolution(graph, x, name, convolution, rows=None):
    """The first `rows` output channels; of a grouped convolution, the groups that these make up."""
    rows = rows or convolution.out_channels
    weight = graph.weight(name, _numpy(convolution.weight), rows)
    return _node(graph, x, weight, convolution, rows * convolution.groups // convolution.out_channels)


def _last_convolution(graph, x, name, convolution, columns):
    """The first `columns` input channels."""
    swapped = graph.weight(name, _numpy(convolution.weight).transpose(1, 0, 2, 3), columns)
    return _node(graph, x, graph.node("Transpose", [swapped], perm=[1, 0, 2, 3]), convolution, 1)


def _node(graph, x, weight, convolution, groups):
    optional = {} if convolution.stride == (1, 1) else {"strides": convolution.stride}
    if groups > 1:
        optional["group"] = groups
    pads = [*convolution.padding] * 2
    return graph.node("Conv", [x, weight], kernel_shape=convolution.kernel_size, pads=pads, **optional)


def _numpy(tensor):
    return tensor.detach().float().contiguous().numpy()
