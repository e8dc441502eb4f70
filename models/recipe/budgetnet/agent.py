"""The agent: an actor-critic that decides, image by image and rung by rung, whether to stop or to run a costlier rung.

From the state after rung r it gives a value for every rung: that of r itself is the critic's, the calibrated probability that
its label is right; those of costlier rungs are what going there is worth, before its price. The actor at price p prefers rung a
by (value of a - value of r - p x cost of a) / temperature, and stopping by 0: so one price, common to a whole batch, decides for
all of its images, and a knapsack can find it.

A value is linear in its rung's inputs, under a sigmoid. A hidden layer of 16 did not do better, and a few thousand images do not
support much more.
"""

import numpy as np
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from .graph import IR_VERSION, OPSET

class Agent(nn.Module):
    """Values (0 to 1) [n, rungs] of states [n, width] (ladder.py); columns of cheaper rungs than the state's mean nothing."""

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
    """The actor's logits [n, rungs] after `rung` (int64 [n]) at `price` [n], a full network's; -inf where it may not go.

    `costs` float32 [rungs, rungs]: from the one rung to the other (ladder.py).
    """
    own = values.gather(1, rung[:, None])
    choices = torch.arange(values.shape[1])
    paid = torch.where(choices == rung[:, None], 0.0, price[:, None] * costs[rung])
    logits = (values - own - paid) / temperature
    return logits.masked_fill(choices < rung[:, None], -torch.inf)


def agent_graph(agent):
    """The ONNX graph of an agent: "state" float32 [images, width] to values float32 [images, rungs]; scaling folded in."""
    weights = (agent.scaling @ agent.values.weight.T).detach().numpy()
    width, rungs = weights.shape
    nodes = [helper.make_node("MatMul", ["state", "weights"], ["sums"]), helper.make_node("Sigmoid", ["sums"], ["values"])]
    graph = helper.make_graph(
        nodes,
        "agent",
        [helper.make_tensor_value_info("state", TensorProto.FLOAT, ["images", width])],
        [helper.make_tensor_value_info("values", TensorProto.FLOAT, ["images", rungs])],
        [numpy_helper.from_array(np.ascontiguousarray(weights, np.float32), "weights")],
    )
    opsets = [helper.make_opsetid("", OPSET)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="budgetnet")


def agent_macs(agent):
    """MACs an image and run: its matrix product."""
    return agent.values.weight.numel()
