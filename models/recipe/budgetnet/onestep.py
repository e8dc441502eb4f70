"""Agents that look one step ahead, to compare the product's agent with (agent.py); they learn in learn.py.

From the state after rung r, such an agent gives a value for every rung: that of r itself is the critic's, the
calibrated probability that its label is right; those of costlier rungs are what going there is worth, before its price.
The actor at price p prefers rung a by (value of a - value of r - p x cost of a) / temperature, and stopping by 0. A
value knows no price, so it cannot say what the runs after that one are worth.

A value is linear in its rung's inputs, under a sigmoid.
"""

import torch
from torch import nn


class OneStepAgent(nn.Module):
    """Values (0 to 1) [n, rungs] of states [n, width] (ladder.py); columns of cheaper rungs than the state's mean
    nothing.
    """

    def __init__(self, rungs, width):
        super().__init__()
        self.register_buffer("scaling", torch.eye(width))
        self.values = nn.Linear(width, rungs, bias=False)  # the state holds a 1 for each rung
        nn.init.zeros_(self.values.weight)

    def fit_scaling(self, states):
        """Makes each rung's inputs of mean 0 and deviation 1 over `states` [rungs - 1, images, width]; its 1 stays a 1."""
        block = states.shape[-1] // len(states)
        for rung, rows in enumerate(states):
            one = (rung + 1) * block - 1
            for column in range(rung * block, one):
                deviation, mean = torch.std_mean(rows[:, column])
                self.scaling[column, column] = 1 / (deviation + 1e-6)
                self.scaling[one, column] = -mean / (deviation + 1e-6)

    def forward(self, states):
        return torch.sigmoid(self.values(states @ self.scaling))


def preferences(values, rung, price, costs, temperature):
    """The actor's logits [n, rungs] after `rung` (int64 [n]) at `price` [n], that of a full network; -inf where it may
    not go.

    `costs` float32 [rungs, rungs]: from one rung to another (ladder.py).
    """
    own = values.gather(1, rung[:, None])
    choices = torch.arange(values.shape[1])
    paid = torch.where(choices == rung[:, None], 0.0, price[:, None] * costs[rung])
    logits = (values - own - paid) / temperature
    return logits.masked_fill(choices < rung[:, None], -torch.inf)
