"""Batch-norm statistics for each policy, from unaugmented training images.

Without statistics of its own a narrow policy is worthless (60 % instead of 87 %, measured on CIFAR-10).
"""

import torch
from torch import nn

from .train import normalise

IMAGES = 4000
BATCH = 500


@torch.no_grad()
def recalibrate(network, pixels, mean, deviation):
    """Replaces every policy's running statistics by cumulative averages over the first IMAGES of `pixels`."""
    network.train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # cumulative average
    for policy in range(len(network.architecture.rungs)):
        for start in range(0, min(IMAGES, len(pixels)), BATCH):
            network(normalise(pixels[start : start + BATCH], mean, deviation), policy)
    network.eval()
