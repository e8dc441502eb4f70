"""MACs and parameters of a policy, counted from the architecture.

Convention: convolutions and linear layers, 1x1 transitions included, at their active widths; batch norm, additions,
pooling and ReLU count nothing. (FLOPs in the literature are mostly 2 x MACs.)
"""


def macs(architecture, policy, classes, height=32, width=32):
    """MACs of one image of `height` x `width` under `policy` (inner widths by block)."""
    height, width = -(-height // architecture.stride), -(-width // architecture.stride)
    total, before, index = _stem_weights(architecture) * height * width, architecture.stem, 0
    for stage, (channels, inners) in enumerate(architecture.stages):
        if stage > 0:
            height, width = height // 2, width // 2
            total += before * channels * height * width
        for _ in inners:
            total += 2 * 9 * channels * policy[index] * height * width
            index += 1
        before = channels
    return total + before * classes


def parameters(architecture, policy, classes):
    """Weights and biases that run under `policy`, batch norms (scale and shift) included."""
    total, before, index = _stem_weights(architecture) + 2 * architecture.stem, architecture.stem, 0
    for stage, (channels, inners) in enumerate(architecture.stages):
        if stage > 0:
            total += before * channels + 2 * channels
        for _ in inners:
            inner = policy[index]
            total += 2 * 9 * channels * inner + (2 * inner + 2 * channels if inner else 0)
            index += 1
        before = channels
    return total + before * classes + classes


def _stem_weights(architecture):
    return 3 * architecture.stem_kernel**2 * architecture.stem
