"""MACs and parameters of a policy, counted over the network's layers.

Convention: convolutions and linear layers, 1x1 transitions and shortcuts included, at their active widths; batch norm,
additions, pooling and ReLU count nothing. (FLOPs in the literature are mostly 2 x MACs.)
"""

from dataclasses import replace

import torch

from .network import Block, BranchNetwork, Transition


def macs(architecture, policy, classes, height=32, width=32):
    """MACs of one image of `height` x `width` under `policy` (inner widths or paths by block)."""
    network = _with_only(architecture, policy, classes)
    return (
        sum(weights * positions for weights, positions in _convolutions(network, height, width))
        + network.head.weight.numel()
    )


def parameters(architecture, policy, classes):
    """Weights and biases that run under `policy`, batch norms (scale and shift) included."""
    network = _with_only(architecture, policy, classes)
    others = sum(parameter.numel() for parameter in network.parameters() if parameter.ndim == 1)
    return sum(weights for weights, _ in _convolutions(network, 32, 32)) + network.head.weight.numel() + others


def look_macs(look, height, width):
    """MACs of one image of `height` x `width` under a look."""
    height, width, total = height // look.pool, width // look.pool, look.head.weight.numel()
    for convolution in look.convolutions:
        height, width = -(-height // convolution.stride[0]), -(-width // convolution.stride[1])
        total += convolution.weight.numel() * height * width
    return total


def look_parameters(look):
    return sum(parameter.numel() for parameter in look.parameters())


def _with_only(architecture, policy, classes):
    """The network with `policy` as its only one, without memory for its weights."""
    with torch.device("meta"):
        return BranchNetwork(replace(architecture, rungs=(policy,)), classes)


def _convolutions(network, height, width):
    """(weights that run, positions of the output) of each convolution."""

    def area(stride):
        return -(-height // stride) * -(-width // stride)

    stride = network.architecture.stride
    yield network.stem.weight.numel(), area(stride)
    for layer in network.layers:
        inside = stride
        transition = layer if isinstance(layer, Transition) else layer.shortcut
        if transition:
            stride *= transition.stride
            yield transition.conv.weight.numel(), area(stride)
        if isinstance(layer, Block):
            for _, convolution, _, last in layer.branch():
                inside *= convolution.stride[0]
                inner = convolution.in_channels if last else convolution.out_channels
                yield convolution.weight.numel() * layer.widths[0] // inner, area(inside)
