"""How likely each rung's label of each image is right, as the costliest rung sees it.

Right or wrong is one draw of that chance. An agent fitted mostly to the chances themselves learns more from the same
number of images: distillation (Hinton et al. 2015, arXiv:1503.02531) from the rung that knows best.
"""

import numpy as np

SHARE = 0.7  # part of the chances in what the agent learns; the rest is right or wrong
TEMPERATURES = np.geomspace(0.4, 2.5, 40)  # for the costliest rung's logits, to choose from
GROUP_MIN = 20  # fewest images by which a mean is corrected


def targets(ladder):
    """Float64 [rungs, images]: what the agent learns instead of `ladder.right`, computed from nothing but the ladder's
    own images.
    """
    right, labels, last = (
        ladder.right.numpy().astype(np.float64),
        ladder.labels.numpy(),
        ladder.last.numpy().astype(np.float64),
    )
    truth, images = ladder.truth.numpy(), np.arange(ladder.images)
    chances = _softmax(last / min(TEMPERATURES, key=lambda temperature: _surprise(last / temperature, truth)))
    said = chances[images, labels]
    for rung, alike in enumerate(labels == labels[-1]):
        for group in (alike, ~alike):  # each calibrated on average
            if group.sum() >= GROUP_MIN:
                said[rung, group] += right[rung, group].mean() - said[rung, group].mean()
    return SHARE * said + (1 - SHARE) * right


def _softmax(logits):
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def _surprise(logits, truth):
    """Mean cross entropy of `truth`."""
    return -np.log(np.maximum(_softmax(logits)[np.arange(len(truth)), truth], 1e-12)).mean()
