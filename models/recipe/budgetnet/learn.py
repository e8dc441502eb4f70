"""How one-step agents (onestep.py) learn from a ladder: by the critic's error, and from there on by the actor's return.

- `critic`: fitted Q of one step: every rung's value is the probability that its label is right. Cross entropy with a
  ridge penalty, which is convex, is taken to its minimum. The other methods begin with it.
- `exact`: the actor's expected return over all of its ways through the ladder, differentiated exactly (the table allows
  it), and the critic's error on the rung just run.
- `a2c`: the same from sampled ways: advantage actor-critic (Mnih et al. 2016, arXiv:1602.01783) with an entropy bonus,
  a bound on how sure the actor may be and a curriculum from the ladder's end (after Chen 2019 and BlockDrop,
  arXiv:1711.08393).
- `actor-critic`: `exact`, while the critic's error on all rungs keeps every value calibrated.

Prices are drawn log-uniformly between PRICES, so one agent serves every budget.
"""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F

from .onestep import OneStepAgent, preferences

CRITIC_STEPS = 100  # of L-BFGS
RIDGE = 1e-3  # on scaled weights, except that of the rungs' own 1
STEPS = 150  # of the actor
BATCH = 512  # images per step; each of them after every rung
RATE = 3e-3
PRICES = (0.003, 1.0)  # right labels that a full network costs
TEMPERATURES = (0.05, 0.01)  # from the first step to the last
RETURN_WEIGHT = 3.0
ENTROPY_WEIGHT = 0.002
TINY = 1e-6  # the logarithm sees no chance nearer to 0 or 1 than this
CERTAINTY_MAX = 0.95  # part of the actor's own chances while it samples; the rest is spread evenly


def critic_loss(agent, values, ladder):
    """Cross entropy of every value with what it predicts, plus the penalty: `values` [rungs - 1, n, rungs] after each
    rung.
    """
    rungs = ladder.rungs
    losses = [len(values[r, 0, r:]) * _entropy(values[r, :, r:], ladder.right[r:].T) for r in range(rungs - 1)]
    slopes = agent.values.weight.view(rungs, rungs - 1, -1)[..., :-1]
    return torch.stack(losses).sum() + RIDGE * (slopes**2).sum()


def _entropy(chances, truth, reduction="mean"):
    return F.binary_cross_entropy(chances.clamp(TINY, 1 - TINY), truth, reduction=reduction)


def own_loss(values, ladder):
    """Cross entropy of the critic alone: is the label of the rung just run right?"""
    own = torch.stack([values[r, :, r] for r in range(ladder.rungs - 1)])
    return len(own) * _entropy(own, ladder.right[:-1])


def expected_return(values, ladder, price, temperature):
    """The actor's expected return [n] from every rung on, averaged over them; exact, from the costliest rung down."""
    rungs = ladder.rungs
    worth = [None] * (rungs - 1) + [ladder.right[-1]]
    for r in range(rungs - 2, -1, -1):
        rung = torch.full_like(price, r, dtype=torch.int64)
        chance = torch.softmax(preferences(values[r], rung, price, ladder.costs, temperature)[:, r:], 1)
        worth[r] = chance[:, 0] * ladder.right[r]
        for step, a in enumerate(range(r + 1, rungs), 1):
            worth[r] = worth[r] + chance[:, step] * (worth[a] - price * ladder.costs[r, a])
    return torch.stack(worth[:-1]).mean(0)


@dataclass
class Step:
    """One step on the way of each image: tensors [n], for images that are `here` (still on their way); the others'
    entries mean nothing.
    """

    here: torch.Tensor
    chosen: torch.Tensor  # logarithm of the chance of the action that was drawn
    critic: torch.Tensor  # the chance that the label of the rung just run is right, as the critic sees it
    entropy: torch.Tensor
    right: torch.Tensor  # whether it is
    reward: torch.Tensor  # minus the price of what runs next


def sample_ways(agent, ladder, price, temperature, rung):
    """Draws one way for each image from `rung` [n] on: its steps, and whether the label at its end is right [n]."""
    last, images = ladder.rungs - 1, torch.arange(len(rung))
    active, steps = torch.ones(len(rung), dtype=torch.bool), []
    for _ in range(last):
        here, from_rung = active & (rung < last), rung.clamp(max=last - 1)
        values = agent(ladder.states[from_rung, images])
        logits = preferences(values, from_rung, price, ladder.costs, temperature)
        sure, allowed = torch.softmax(logits, 1), torch.isfinite(logits).float()
        chance = CERTAINTY_MAX * sure + (1 - CERTAINTY_MAX) * allowed / allowed.sum(1, keepdim=True)
        action = torch.multinomial(chance, 1)[:, 0]
        active = here & (action != rung)
        steps.append(
            Step(
                here=here,
                chosen=torch.log(chance.gather(1, action[:, None])[:, 0]),
                critic=values.gather(1, from_rung[:, None])[:, 0],
                entropy=-(sure * torch.log(sure.clamp_min(1e-9))).sum(1),
                right=ladder.right[rung, images],
                reward=torch.where(active, -price * ladder.costs[rung, action], 0.0),
            )
        )
        rung = torch.where(active, action, rung)
    return steps, ladder.right[rung, images]


def sampled_loss(agent, ladder, price, temperature, done):
    """A2C's loss over one way of each image, from a rung that the curriculum allows when a part `done` (0 to 1) of the
    steps is over.
    """
    n, last = len(price), ladder.rungs - 1
    lowest = max(0, math.ceil(last * (1 - 2 * done)) - 1)
    steps, returned = sample_ways(agent, ladder, price, temperature, torch.randint(lowest, last, (n,)))
    loss = 0.0
    for step in reversed(steps):
        returned = torch.where(step.here, returned + step.reward, returned)
        policy = -step.chosen * (returned - step.critic.detach()) * temperature - ENTROPY_WEIGHT * step.entropy
        error = _entropy(step.critic, step.right, reduction="none")
        loss = loss + ((policy + error) * step.here).sum() / n
    return loss


def learn(ladder, method, seed=1):
    """A one-step agent that has learnt from `ladder` by `method`: "critic", or one of ACTORS."""
    torch.manual_seed(seed)
    agent = OneStepAgent(ladder.rungs, ladder.states.shape[-1])
    agent.fit_scaling(ladder.states)
    fit_critic(agent, ladder)
    if method != "critic":
        train_actor(agent, ladder, ACTORS[method])
    return agent.eval()


def fit_critic(agent, ladder):
    """Takes the critic's loss to its minimum."""
    optimiser = torch.optim.LBFGS(
        agent.parameters(), max_iter=CRITIC_STEPS, history_size=20, line_search_fn="strong_wolfe"
    )

    def loss():
        optimiser.zero_grad()
        value = critic_loss(agent, agent(ladder.states), ladder)
        value.backward()
        return value

    optimiser.step(loss)


def train_actor(agent, ladder, loss_of):
    """Takes STEPS of Adam on `loss_of`, one of ACTORS, at newly drawn prices; the actor's temperature falls."""
    optimiser = torch.optim.Adam(agent.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, STEPS)
    low, high = map(math.log, PRICES)
    for step in range(STEPS):
        part = ladder.take(torch.randint(0, ladder.images, (min(BATCH, ladder.images),)))
        price = torch.exp(low + (high - low) * torch.rand(part.images))
        temperature = TEMPERATURES[0] * (TEMPERATURES[1] / TEMPERATURES[0]) ** (step / STEPS)
        loss = loss_of(agent, part, price, temperature, step / STEPS)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()


def _exact(agent, ladder, price, temperature, done):
    values = agent(ladder.states)
    return own_loss(values, ladder) - RETURN_WEIGHT * expected_return(values, ladder, price, temperature).mean()


def _actor_critic(agent, ladder, price, temperature, done):
    values = agent(ladder.states)
    returned = expected_return(values, ladder, price, temperature).mean()
    return critic_loss(agent, values, ladder) - RETURN_WEIGHT * returned


ACTORS = {"exact": _exact, "a2c": sampled_loss, "actor-critic": _actor_critic}
METHODS = ("critic", *ACTORS)
