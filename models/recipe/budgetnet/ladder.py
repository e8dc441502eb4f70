"""The ladder of rungs as the agent meets it: what each image's logits say after each rung, and what a rung costs.

An image's process: some rung runs first; then, again and again, the agent either stops, which is worth 1 if the label
of the rung just run is right, or runs a costlier rung, which costs its price. Because the table of outcomes knows every
rung's label for every image, every return is known exactly. Here every policy is a rung, the second view too; a
network's own rungs (network.py) are its sub-networks.
"""

from dataclasses import dataclass

import numpy as np
import torch

INPUTS = ["gap"]  # what the agent sees of a rung's output, in the card's words (functions/core/reading.ts)
GAP_MAX = 20.0


@dataclass(frozen=True)
class Ladder:
    """`states` float32 [rungs - 1, images, width], `right` float32 [rungs, images], `costs` float32 [rungs, rungs]: see
    `costs_of`.

    `labels` int64 [rungs, images] are what each rung says, `truth` int64 [images], `last` float32 [images, classes] the
    costliest rung's logits.
    """

    states: torch.Tensor
    right: torch.Tensor
    costs: torch.Tensor
    labels: torch.Tensor
    truth: torch.Tensor
    last: torch.Tensor

    @property
    def rungs(self):
        return len(self.costs)

    @property
    def images(self):
        return self.right.shape[1]

    def gaps(self, rung):
        """Float64 [images]: the first input after `rung`, how far its second greatest logit is below the greatest."""
        return self.states[rung, :, rung * (len(INPUTS) + 1)].numpy().astype(np.float64)

    def take(self, images):
        of = (
            self.states[:, images],
            self.right[:, images],
            self.costs,
            self.labels[:, images],
            self.truth[images],
            self.last[images],
        )
        return Ladder(*of)


def readings(logits):
    """INPUTS of `logits` float [..., classes], as float32 [..., 1]: the same as readLogits of
    functions/core/reading.ts.

    With margin and entropy as well, one-step agents did neither better nor worse: 5,000 images are too few to rank what
    images gain.
    """
    ordered = np.sort(np.asarray(logits, np.float64), -1)
    return np.minimum(ordered[..., -1:] - ordered[..., -2:-1], GAP_MAX).astype(np.float32)


def costs_of(policies):
    """What an image that has run one rung pays to get to another, in full networks: float32 [rungs, rungs].

    `policies` as in the card, cheapest first: a mirrored one is always the last, and needs the one before it to have
    run.
    """
    macs = np.asarray([policy["macs"] for policy in policies], np.float64) / policies[-1]["macs"]
    costs = np.tile(macs, (len(macs), 1))
    if policies[-1].get("mirrored"):
        costs[:-2, -1] += macs[-2]
    return costs.astype(np.float32)


def ladder_of(logits, truth, policies):
    """The ladder of a table of outcomes: `logits` [rungs, images, classes], `truth` [images], the card's `policies`.

    A state has one block of inputs and a 1 for each rung but the costliest; all blocks are 0 except that of the rung
    just run.
    """
    rungs, images, _ = logits.shape
    if rungs != len(policies):
        raise ValueError(f"a table of {rungs} policies, where the card has {len(policies)}; export the package again")
    width = len(INPUTS) + 1
    states = np.zeros((rungs - 1, images, (rungs - 1) * width), np.float32)
    for rung, values in enumerate(readings(logits[:-1])):
        states[rung, :, rung * width : (rung + 1) * width] = np.concatenate([values, np.ones((images, 1))], 1)
    labels, truth = np.asarray(logits).argmax(-1), np.asarray(truth, np.int64)
    right, last = (labels == truth).astype(np.float32), np.asarray(logits[-1], np.float32)
    return Ladder(*map(torch.from_numpy, (states, right, costs_of(policies), labels, truth, last)))
