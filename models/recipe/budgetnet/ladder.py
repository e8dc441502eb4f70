"""The ladder of rungs as the agent meets it: what each image's logits say after each rung, and what a rung costs.

An image's process: some rung runs first; then again and again the agent stops, which is worth 1 if the label of the rung just
run is right, or runs a costlier rung, which costs its price. Since the table of outcomes knows every rung's label for every
image, every return is known exactly.
"""

from dataclasses import dataclass

import numpy as np
import torch

INPUTS = ["margin", "gap", "entropy"]  # what the agent sees of a rung's output, in the card's words (functions/core/gain.ts)
GAP_MAX = 20.0


@dataclass(frozen=True)
class Ladder:
    """`states` float32 [rungs - 1, images, width], `right` float32 [rungs, images], `costs` float32 [rungs] in full networks."""

    states: torch.Tensor
    right: torch.Tensor
    costs: torch.Tensor

    @property
    def rungs(self):
        return len(self.costs)

    @property
    def images(self):
        return self.right.shape[1]

    def take(self, images):
        return Ladder(self.states[:, images], self.right[:, images], self.costs)


def readings(logits):
    """INPUTS of `logits` float [..., classes], as float32 [..., 3]: the same as readLogits of functions/core/gain.ts."""
    logits = np.asarray(logits, np.float64)
    ordered = np.sort(logits, -1)
    gap = np.minimum(ordered[..., -1] - ordered[..., -2], GAP_MAX)
    weights = np.exp(logits - ordered[..., -1:])
    total = weights.sum(-1)
    margin = (1 - np.exp(ordered[..., -2] - ordered[..., -1])) / total
    weighted = (weights * (logits - ordered[..., -1:])).sum(-1)
    entropy = (np.log(total) - weighted / total) / np.log(logits.shape[-1])
    return np.stack([margin, gap, entropy], -1).astype(np.float32)


def ladder_of(logits, truth, macs):
    """The ladder of a table of outcomes: `logits` [rungs, images, classes], `truth` [images], `macs` [rungs] ascending.

    A state has one block of inputs and a 1 for each rung but the costliest; all but the block of the rung just run are 0.
    """
    rungs, images, _ = logits.shape
    width = len(INPUTS) + 1
    states = np.zeros((rungs - 1, images, (rungs - 1) * width), np.float32)
    for rung, values in enumerate(readings(logits[:-1])):
        states[rung, :, rung * width : (rung + 1) * width] = np.concatenate([values, np.ones((images, 1))], 1)
    right = (logits.argmax(-1) == np.asarray(truth)).astype(np.float32)
    costs = np.asarray(macs, np.float64) / macs[-1]
    return Ladder(torch.from_numpy(states), torch.from_numpy(right), torch.from_numpy(costs.astype(np.float32)))
