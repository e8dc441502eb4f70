"""Batch-norm statistics for each policy, from unaugmented training images.

Without statistics of its own a narrow policy is worthless (60 % instead of 87 %, measured on CIFAR-10).
"""

import torch
from torch import nn

from .augment import normalise

IMAGES = 4000
BATCH = 500
SEED = 1


@torch.no_grad()
def recalibrate(network, pixels, mean, deviation):
    """Replaces every policy's running statistics by cumulative averages over IMAGES drawn from `pixels`.

    `pixels` uint8 [n, height, width, 3]. The draw is seeded and mixes the classes: image folders come sorted by class.
    """
    picked = torch.randperm(len(pixels), generator=torch.Generator().manual_seed(SEED))[:IMAGES]
    network.train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # cumulative average
    for policy in range(len(network.architecture.rungs)):
        for index in picked.tensor_split(-(-len(picked) // BATCH)):  # of nearly equal size, since each counts the same
            network(normalise(pixels[index], mean, deviation), policy)
    network.eval()
