"""MACs and parameters of a policy, counted from the architecture.

Convention: convolutions and linear layers, 1x1 transitions included, at their active widths; batch norm, additions,
pooling and ReLU count nothing. (FLOPs in the literature are mostly 2 x MACs.)
"""


def macs(architecture, policy, classes, height=32, width=32):
    """MACs of one image of `height` x `width` under `policy` (inner widths by block)."""
    area = height * width
    total, before, index = 3 * 9 * architecture.stem * area, architecture.stem, 0
    for stage, (channels, inners) in enumerate(architecture.stages):
        if stage > 0:
            area //= 4
            total += before * channels * area
        for _ in inners:
            total += 2 * 9 * channels * policy[index] * area
            index += 1
        before = channels
    return total + before * classes


def parameters(architecture, policy, classes):
    """Weights and biases that run under `policy`, batch norms (scale and shift) included."""
    total, before, index = 3 * 9 * architecture.stem + 2 * architecture.stem, architecture.stem, 0
    for stage, (channels, inners) in enumerate(architecture.stages):
        if stage > 0:
            total += before * channels + 2 * channels
        for _ in inners:
            inner = policy[index]
            total += 2 * 9 * channels * inner + (2 * inner + 2 * channels if inner else 0)
            index += 1
        before = channels
    return total + before * classes + classes
