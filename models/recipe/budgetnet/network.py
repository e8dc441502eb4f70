"""The branch networks: residual blocks that can be skipped or run at a nested width, or on some of their paths.

A policy is a tuple of one number per block: its inner width, or how many of its paths run; 0 skips the block. Narrow
ones are prefixes of wide ones (slimmable networks, Yu and Huang 2019, arXiv:1903.05134), each policy with batch norms
of its own. Inner widths are multiples of 16: ONNX Runtime's CPU layout and tensor cores compute in blocks of 16, so
other widths would cost time that their MACs do not show.
"""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import nn

from .fused import fits, fused


@dataclass(frozen=True)
class Architecture:
    """`stages`: (channels, inner widths of its blocks); each stage after the first halves the resolution.

    A larger input needs a larger `stride` of the stem, so that the stages see 32x32 or a little less: see `for_size`.
    """

    name: str
    stem: int
    stages: tuple[tuple[int, tuple[int, ...]], ...]
    rungs: tuple[tuple[int, ...], ...]  # policies, cheapest first; the last is the whole network
    paths: int = 0  # of a block: policies then count paths; 0: blocks of two convolutions, policies give inner widths
    stride: int = 1  # of the stem

    @property
    def full(self):
        return tuple(self.paths or inner for _, inners in self.stages for inner in inners)

    @property
    def stem_kernel(self):
        """3 at strides 1 and 2, 5 at stride 4: no pixel is skipped, and the stem stays a small part of the whole."""
        return max(3, self.stride + 1)

    def for_size(self, size):
        """This architecture for square inputs of `size` pixels. Raises ValueError when it is none of STEM_STRIDES."""
        if size not in STEM_STRIDES:
            raise ValueError(f"size {size}: expected one of {', '.join(map(str, STEM_STRIDES))}")
        return replace(self, stride=STEM_STRIDES[size])


STEM_STRIDES = {32: 1, 64: 2, 96: 4}  # by input size: the stages see 32x32, 32x32 and 24x24

RESNET = Architecture(
    name="resnet",
    stem=32,
    stages=((32, (32,)), (64, (64, 64)), (128, (128, 128)), (256, (256,))),
    rungs=(
        (0, 16, 0, 16, 16, 32),
        (0, 16, 16, 32, 32, 64),
        (16, 16, 16, 48, 48, 96),
        (16, 32, 32, 64, 64, 128),
        (16, 48, 48, 96, 96, 192),
        (32, 64, 64, 128, 128, 256),
    ),
)
# ResNeXt29 4x16d, the backbone of the thesis (models/README.md), type A of Xie et al. 2017, arXiv:1611.05431.
RESNEXT29 = Architecture(
    name="resnext29",
    stem=16,
    stages=((64, (64,) * 3), (128, (128,) * 3), (256, (256,) * 3)),
    rungs=(
        (1, 0, 0, 1, 0, 0, 1, 1, 0),
        (1, 1, 1, 1, 1, 1, 1, 1, 1),
        (1, 1, 1, 2, 1, 1, 2, 2, 2),
        (2, 2, 2, 2, 2, 2, 2, 2, 2),
        (3, 3, 3, 3, 3, 3, 3, 3, 3),
        (4, 4, 4, 4, 4, 4, 4, 4, 4),
    ),
    paths=4,
)
ARCHITECTURES = {architecture.name: architecture for architecture in (RESNET, RESNEXT29)}


@torch.no_grad()
def round_weights(network):
    """Rounds convolutions and head to float16, as they are stored: to be done before statistics and accuracies are
    measured.
    """
    for parameter in network.parameters():
        if parameter.ndim > 1:
            parameter.copy_(parameter.half().float())


class Norms(nn.ModuleList):
    """One batch norm per policy (nothing where the policy skips the block)."""

    def __init__(self, widths):
        super().__init__(nn.BatchNorm2d(width) if width else nn.Identity() for width in widths)


def normed(norm, x, rest=None, relu=True):
    """relu(norm(x) + rest), without the ReLU or the addition if asked."""
    if fits(norm, x, *([] if rest is None else [rest])):
        return fused(norm, x, rest, relu)
    x = norm(x)
    if rest is not None:
        x = x + rest
    return F.relu(x, inplace=True) if relu else x


class Block(nn.Module):
    """relu(shortcut(x) + branch(x)), each convolution of the branch with a batch norm and, but for the last, a ReLU.

    Of the inner channels, those between the first and the last convolution, a policy runs the first `widths[policy]`;
    with 0, only the shortcut remains. Paths are side by side as groups of the inner channels, so that any number of
    them runs as one convolution: the last convolution also adds them up, with the batch norm after it.
    """

    def __init__(self, convolutions, widths, shortcut=None):
        super().__init__()
        self.widths, self.shortcut, self.depth = widths, shortcut, len(convolutions)
        for number, convolution in enumerate(convolutions, 1):
            self.add_module(f"conv{number}", convolution)
        for number in range(1, self.depth):
            self.add_module(f"norm{number}", Norms(widths))
        self.add_module(f"norm{self.depth}", Norms([convolutions[-1].out_channels if width else 0 for width in widths]))

    def branch(self):
        """(name, convolution, norms, whether it is the last) for each convolution of the branch: the last is cut by
        columns, all others by rows.
        """
        for number in range(1, self.depth + 1):
            yield f"conv{number}", getattr(self, f"conv{number}"), getattr(self, f"norm{number}"), number == self.depth

    def forward(self, x, policy):
        width, hidden = self.widths[policy], x
        rest = self.shortcut(x, policy) if self.shortcut else x
        if width == 0:
            return F.relu(rest, inplace=True) if self.shortcut else x
        for _, convolution, norms, last in self.branch():
            weight = convolution.weight[:, :width] if last else convolution.weight[:width]
            groups = hidden.shape[1] // weight.shape[1]
            hidden = F.conv2d(hidden, weight, stride=convolution.stride, padding=convolution.padding, groups=groups)
            hidden = normed(norms[policy], hidden, rest if last else None)
        return hidden


class Transition(nn.Module):
    """Average pool over `stride`, 1x1 convolution, batch norm: the next stage's resolution and channels."""

    def __init__(self, before, after, policies, stride):
        super().__init__()
        self.stride = stride
        self.conv = nn.Conv2d(before, after, 1, bias=False)
        self.norm = Norms([after] * policies)

    def forward(self, x, policy):
        pooled = F.avg_pool2d(x, self.stride) if self.stride > 1 else x
        return normed(self.norm[policy], self.conv(pooled), relu=False)


def convolution(before, after, kernel, stride=1, groups=1):
    return nn.Conv2d(before, after, kernel, stride=stride, padding=kernel // 2, groups=groups, bias=False)


def layers_of(architecture):
    """The stages' blocks. A stage of paths begins with a block that changes resolution and channels; any other stage
    but the first, with a transition.
    """
    policies, before, counts = len(architecture.rungs), architecture.stem, zip(*architecture.rungs)
    for stage, (channels, inners) in enumerate(architecture.stages):
        stride = 1 if stage == 0 else 2
        if not architecture.paths and stage > 0:
            yield Transition(before, channels, policies, stride)
        for position, (inner, count) in enumerate(zip(inners, counts)):
            if not architecture.paths:
                yield Block([convolution(channels, inner, 3), convolution(inner, channels, 3)], count)
                continue
            yield _paths(architecture.paths, before, channels, inner, count, stride if position == 0 else 1)
            before = channels
        before = channels


def _paths(paths, before, channels, inner, counts, stride):
    """A block of `paths` paths, each 1x1, 3x3 and 1x1 convolution; with a shortcut convolution where the shape changes."""
    branch = [
        convolution(before, inner, 1),
        convolution(inner, inner, 3, stride, groups=paths),
        convolution(inner, channels, 1),
    ]
    shortcut = Transition(before, channels, len(counts), stride) if before != channels else None
    return Block(branch, [count * inner // paths for count in counts], shortcut)


class BranchNetwork(nn.Module):
    """Logits [n, classes] of normalised images [n, 3, height, width] under one policy of the architecture."""

    def __init__(self, architecture, classes):
        super().__init__()
        self.architecture = architecture
        policies = len(architecture.rungs)
        self.stem = convolution(3, architecture.stem, architecture.stem_kernel, architecture.stride)
        self.stem_norm = Norms([architecture.stem] * policies)
        self.layers = nn.ModuleList(layers_of(architecture))
        self.head = nn.Linear(architecture.stages[-1][0], classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x, policy):
        x = normed(self.stem_norm[policy], self.stem(x))
        for layer in self.layers:
            x = layer(x, policy)
        return self.head(x.float().mean((2, 3)))

    def norms(self):
        return [module for module in self.modules() if isinstance(module, Norms)]

    def norms_from_full(self):
        """Initialises every policy's batch norms as a prefix of the full network's."""
        for norms in self.norms():
            full = norms[-1]
            for norm in list(norms)[:-1]:
                if isinstance(norm, nn.BatchNorm2d):
                    width = norm.num_features
                    with torch.no_grad():
                        for name in ("weight", "bias", "running_mean", "running_var"):
                            getattr(norm, name).copy_(getattr(full, name)[:width])
