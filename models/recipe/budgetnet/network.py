"""The branch network: residual blocks that can be skipped or run at a nested width.

A policy is a tuple of inner widths, one a block; 0 skips the block. Narrow widths are prefixes of wide ones
(slimmable networks, Yu and Huang 2019, arXiv:1903.05134), each policy with batch norms of its own. Inner widths are
multiples of 16: ONNX Runtime's CPU layout and tensor cores compute in blocks of 16, so other widths would cost time
that their MACs do not show.
"""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from torch import nn


@dataclass(frozen=True)
class Architecture:
    """`stages`: (channels, inner widths of its blocks); an average pool and a 1x1 convolution between stages.

    A larger input needs a larger `stride` of the stem, so that the stages see 32x32 or a little less: see `for_size`.
    """

    name: str
    stem: int
    stages: tuple[tuple[int, tuple[int, ...]], ...]
    rungs: tuple[tuple[int, ...], ...]  # policies, cheapest first; the last is the whole network
    stride: int = 1  # of the stem

    @property
    def full(self):
        return tuple(inner for _, inners in self.stages for inner in inners)

    @property
    def stem_kernel(self):
        """3 at strides 1 and 2, 5 at stride 4: no pixel is passed over, and the stem stays a small part of the whole."""
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
ARCHITECTURES = {"resnet": RESNET}


class Norms(nn.ModuleList):
    """One batch norm a policy (None where the policy skips the block)."""

    def __init__(self, widths):
        super().__init__(nn.BatchNorm2d(width) if width else nn.Identity() for width in widths)


class Block(nn.Module):
    """relu(x + norm2(conv2(relu(norm1(conv1(x)))))), conv1 and conv2 cut to the policy's inner width."""

    def __init__(self, channels, inner, widths):
        super().__init__()
        self.widths = widths
        self.conv1 = nn.Conv2d(channels, inner, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(inner, channels, 3, padding=1, bias=False)
        self.norm1 = Norms(widths)
        self.norm2 = Norms([channels if width else 0 for width in widths])

    def forward(self, x, policy):
        width = self.widths[policy]
        if width == 0:
            return x
        hidden = F.conv2d(x, self.conv1.weight[:width], padding=1)
        hidden = F.relu(self.norm1[policy](hidden))
        hidden = F.conv2d(hidden, self.conv2.weight[:, :width], padding=1)
        return F.relu(self.norm2[policy](hidden) + x)


class Transition(nn.Module):
    """Average pool, 1x1 convolution, batch norm: half the resolution, the next stage's channels."""

    def __init__(self, before, after, policies):
        super().__init__()
        self.conv = nn.Conv2d(before, after, 1, bias=False)
        self.norm = Norms([after] * policies)

    def forward(self, x, policy):
        return self.norm[policy](self.conv(F.avg_pool2d(x, 2)))


class BranchNetwork(nn.Module):
    """Logits [n, classes] of normalised images [n, 3, height, width] under one policy of the architecture."""

    def __init__(self, architecture, classes):
        super().__init__()
        self.architecture = architecture
        policies = len(architecture.rungs)
        kernel = architecture.stem_kernel
        self.stem = nn.Conv2d(3, architecture.stem, kernel, stride=architecture.stride, padding=kernel // 2, bias=False)
        self.stem_norm = Norms([architecture.stem] * policies)
        layers, before, index = [], architecture.stem, 0
        for stage, (channels, inners) in enumerate(architecture.stages):
            if stage > 0:
                layers.append(Transition(before, channels, policies))
            for inner in inners:
                layers.append(Block(channels, inner, [rung[index] for rung in architecture.rungs]))
                index += 1
            before = channels
        self.layers = nn.ModuleList(layers)
        self.head = nn.Linear(before, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x, policy):
        x = F.relu(self.stem_norm[policy](self.stem(x)))
        for layer in self.layers:
            x = layer(x, policy)
        return self.head(x.float().mean((2, 3)))

    def norms(self):
        return [module for module in self.modules() if isinstance(module, Norms)]

    def norms_from_full(self):
        """Starts every policy's batch norms as a prefix of the full network's."""
        for norms in self.norms():
            full = norms[-1]
            for norm in list(norms)[:-1]:
                if isinstance(norm, nn.BatchNorm2d):
                    width = norm.num_features
                    with torch.no_grad():
                        for name in ("weight", "bias", "running_mean", "running_var"):
                            getattr(norm, name).copy_(getattr(full, name)[:width])
