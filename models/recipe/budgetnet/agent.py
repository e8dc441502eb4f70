"""The agent: an actor-critic that decides, image by image and rung by rung, whether to stop or to run a costlier rung.

From the state after rung r it gives a value for every rung: that of r itself is the critic's, the calibrated probability that
its label is right; those of costlier rungs are what going there is worth, before its price. The actor at price p prefers rung a
by (value of a - value of r - p x cost of a) / temperature, and stopping by 0: so one price, common to a whole batch, decides for
all of its images, and a knapsack can find it.

Values never fall from a rung to a costlier one: an image that is still wrong is repaired by the next rung with some chance, a
logistic function of the inputs (the hazard of a survival model in discrete time: Cox 1972). Without that, what the noise of a few
thousand images says against a costlier rung is learnt too.
"""

import numpy as np
import torch
import torch.nn.functional as F
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from .graph import IR_VERSION, OPSET

NEVER = -40.0  # logit of a chance that is 0 in float32


class Agent(nn.Module):
    """Values (0 to 1) [n, rungs] of states [n, width] (ladder.py); those of cheaper rungs than the state's mean nothing."""

    def __init__(self, rungs, width):
        super().__init__()
        self.register_buffer("scaling", torch.eye(width))
        self.hazards = nn.Linear(width, rungs, bias=False)  # the state holds a 1 for each rung
        nn.init.zeros_(self.hazards.weight)
        block, past = width // (rungs - 1), torch.zeros(width, rungs)
        for rung in range(rungs - 1):
            past[(rung + 1) * block - 1, :rung] = NEVER
        self.register_buffer("past", past)  # cheaper rungs than the state's repair nothing
        self.register_buffer("upwards", torch.ones(rungs, rungs).triu())

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
        return 1 - torch.exp(-F.softplus(states @ self.weights()) @ self.upwards)

    def weights(self):
        """[width, rungs]: from an unscaled state to the logits of the hazards."""
        return self.scaling @ self.hazards.weight.T + self.past


def preferences(values, rung, price, costs, temperature):
    """The actor's logits [n, rungs] after `rung` (int64 [n]) at `price` [n], a full network's; -inf where it may not go."""
    own = values.gather(1, rung[:, None])
    choices = torch.arange(values.shape[1])
    paid = torch.where(choices == rung[:, None], 0.0, price[:, None] * costs)
    logits = (values - own - paid) / temperature
    return logits.masked_fill(choices < rung[:, None], -torch.inf)


def agent_graph(agent):
    """The ONNX graph of an agent: "state" float32 [images, width] to values float32 [images, rungs]; scaling folded in."""
    weights = {"weights": agent.weights().detach().numpy(), "downwards": -agent.upwards.numpy(), "one": np.ones(1)}
    width, rungs = weights["weights"].shape
    nodes = [
        helper.make_node("MatMul", ["state", "weights"], ["logits"]),
        helper.make_node("Softplus", ["logits"], ["hazards"]),
        helper.make_node("MatMul", ["hazards", "downwards"], ["logarithms"]),
        helper.make_node("Exp", ["logarithms"], ["wrong"]),
        helper.make_node("Sub", ["one", "wrong"], ["values"]),
    ]
    graph = helper.make_graph(
        nodes,
        "agent",
        [helper.make_tensor_value_info("state", TensorProto.FLOAT, ["images", width])],
        [helper.make_tensor_value_info("values", TensorProto.FLOAT, ["images", rungs])],
        [numpy_helper.from_array(np.ascontiguousarray(array, np.float32), name) for name, array in weights.items()],
    )
    opsets = [helper.make_opsetid("", OPSET)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="budgetnet")


def agent_macs(agent):
    """MACs an image and run: its two matrix products."""
    return agent.hazards.weight.numel() + agent.upwards.numel()
