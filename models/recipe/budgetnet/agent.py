"""The agent: an actor-critic that decides, image by image and rung by rung, whether to stop or to run a costlier rung.

After rung r, and for each of PRICES (of a full network, in right labels), it says how likely the label of r itself is
right (the critic), and for each costlier rung what running it is worth if from there on the best is done at that price:
the probability of a right label in the end, and the cost on the way, this run included. The actor at a price takes the
rung with the greatest worth less price x cost. So one price, common to a whole batch, decides for all of its images,
and tells what they will cost.

It is learnt backwards, from the costliest rung down, as Longstaff and Schwartz 2001 learn when to exercise an option.
The table of outcomes knows what every way of each image would have brought (by the chances of chances.py), so what the
later choices really brought is regressed on what the agent sees. The greatest of several estimates, as in fitted Q
iteration, would promise too much. The agent sees the gap between the two greatest logits; worth and cost are straight
lines between their values at a few quantiles of the gap, and as smooth as few images demand. So these are estimates:
one of a likelihood may exceed 1.

This is what Chen 2019 has a network learn from pixels and budget, but with one budget per batch instead of one per
image.
"""

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from .chances import targets
from .graph import IR_VERSION, OPSET

PRICES = tuple(round(float(price), 5) for price in np.geomspace(0.003, 4, 20))
KNOTS = 5  # quantiles of a rung's gaps
SMOOTHNESS = 20  # number of images that the penalty on a bend weighs as much as
RIDGE = 1e-3
EVEN = 1e-9  # a gain below it counts as none


class Agent:
    """`knots` float64 [rungs - 1, KNOTS]: gaps after each rung; `answers` [rungs - 1, KNOTS, prices, rungs, 2]: worth
    and cost at these gaps.

    Costs are in full networks. Answers about cheaper rungs than the one that ran mean nothing.
    """

    def __init__(self, knots, answers):
        self.knots, self.answers = knots, answers

    def says(self, rung, gaps):
        """Float64 [images, prices, rungs, 2]: the answers for images with these `gaps` after `rung`."""
        return np.tensordot(hats(gaps, self.knots[rung]), self.answers[rung], 1)


def hats(x, knots):
    """Weights [n, knots] of the straight lines between knots; constant beyond the first and the last knot."""
    x = np.clip(x, knots[0], knots[-1])
    return np.stack([np.interp(x, knots, unit) for unit in np.eye(len(knots))], 1)


def fit(ladder):
    """The agent of a ladder."""
    last = ladder.rungs - 1
    right, costs = targets(ladder), ladder.costs.numpy().astype(np.float64)
    knots = np.stack([_knots(ladder.gaps(rung)) for rung in range(last)])
    answers = np.zeros((last, KNOTS, len(PRICES), ladder.rungs, 2))
    # What each image gets in the end, and pays on the way, if after a rung the best is done at each price.
    returned, paid = (
        np.tile(right[last], (ladder.rungs, len(PRICES), 1)),
        np.zeros((ladder.rungs, len(PRICES), ladder.images)),
    )
    for rung in reversed(range(last)):
        weights = hats(ladder.gaps(rung), knots[rung])
        solver = _solver(weights)
        for number, price in enumerate(PRICES):
            answer = answers[rung, :, number]
            answer[:, rung, 0] = solver @ right[rung]
            for further in _reached(costs, rung):
                answer[:, further, 0] = solver @ returned[further, number]
                answer[:, further, 1] = np.maximum(solver @ paid[further, number], 0) + costs[rung, further]
            chosen = _best(weights @ answer[..., 0] - price * (weights @ answer[..., 1]), rung, costs)
            images, on = np.arange(ladder.images), chosen > rung
            returned[rung, number] = np.where(on, returned[chosen, number, images], right[rung])
            paid[rung, number] = np.where(on, paid[chosen, number, images] + costs[rung, chosen], 0)
    return Agent(knots, answers)


def _knots(gaps):
    """Quantiles, made strictly increasing."""
    return np.quantile(gaps, np.linspace(0, 1, KNOTS)) + 1e-3 * np.arange(KNOTS)


def _solver(weights):
    """[knots, images]: turns what images brought into values at knots, by least squares with a penalty on bends."""
    bends = np.diff(np.eye(KNOTS), 2, axis=0)
    return np.linalg.solve(weights.T @ weights + SMOOTHNESS * bends.T @ bends + RIDGE * np.eye(KNOTS), weights.T)


def _reached(costs, rung):
    """The costlier rungs that run directly after `rung`. A second view runs only after its first view: from any other
    rung it would cost the first view too.
    """
    return [further for further in range(rung + 1, len(costs)) if costs[rung, further] == costs[-1, further]]


def _best(nets, rung, costs):
    """For each image the rung with the greatest net worth: its own unless another is better."""
    choices = [rung, *_reached(costs, rung)]
    gains = nets[:, choices] - nets[:, [rung]]
    gains[:, 1:] -= EVEN
    return np.asarray(choices)[gains.argmax(1)]


def agent_graph(agent):
    """The ONNX graph of an agent: from "state" float32 [images, width] (ladder.py) to its answers, float32 [images,
    prices x rungs x 2].
    """
    first, second = _weights(agent)
    nodes = [
        helper.make_node("MatMul", ["state", "first"], ["shifted"]),
        helper.make_node("Relu", ["shifted"], ["bends"]),
        helper.make_node("MatMul", ["bends", "second"], ["says"]),
    ]
    graph = helper.make_graph(
        nodes,
        "agent",
        [helper.make_tensor_value_info("state", TensorProto.FLOAT, ["images", len(first)])],
        [helper.make_tensor_value_info("says", TensorProto.FLOAT, ["images", second.shape[1]])],
        [numpy_helper.from_array(first, "first"), numpy_helper.from_array(second, "second")],
    )
    opsets = [helper.make_opsetid("", OPSET)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=IR_VERSION, producer_name="budgetnet")


def _weights(agent):
    """The two matrices around the ReLU that makes the agent's bends: per rung a unit for each knot, one for its 1."""
    rungs, units = len(agent.knots), KNOTS + 1
    answers = agent.answers.reshape(rungs, KNOTS, -1)
    first, second = np.zeros((2 * rungs, rungs * units)), np.zeros((rungs * units, answers.shape[-1]))
    for rung, (knots, values) in enumerate(zip(agent.knots, answers)):
        at = rung * units
        first[2 * rung, at : at + KNOTS] = 1
        first[2 * rung + 1, at : at + units] = [*-knots, 1]
        slopes = np.diff(values, axis=0) / np.diff(knots)[:, None]
        edge = np.zeros((1, values.shape[1]))
        second[at : at + units] = [*np.diff(np.concatenate([edge, slopes, edge]), axis=0), values[0]]
    return first.astype(np.float32), second.astype(np.float32)


def agent_macs(rungs):
    """MACs per image and run of an agent for so many rungs: its matrix products."""
    states, bends, answers = 2 * (rungs - 1), (KNOTS + 1) * (rungs - 1), len(PRICES) * rungs * 2
    return bends * (states + answers)
