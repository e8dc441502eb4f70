import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from budgetnet import learn
from budgetnet.agent import Agent, agent_graph, agent_macs, preferences
from budgetnet.fit_agent import fit_agent
from budgetnet.ladder import costs_of, ladder_of, readings
from budgetnet.outcomes import write_table

POLICIES = [{"macs": 100}, {"macs": 300}, {"macs": 1000}]


def made(images=400, seed=0):
    """Logits [3, images, 4] of a ladder on which rung 1 is right where rung 0 is unsure, and rung 2 no better; and the truth."""
    random = np.random.default_rng(seed)
    truth = random.integers(0, 4, images)
    logits = random.normal(0, 0.1, (3, images, 4))
    easy = random.random(images) < 0.5
    rows = np.arange(images)
    logits[0, rows, truth] += np.where(easy, 6, -0.5)
    logits[1, rows, truth] += 6
    logits[2, rows, truth] += 6
    return logits, truth


def test_a_reading_is_how_far_the_second_greatest_logit_lies_below_the_greatest():
    certain, sure, undecided = readings(np.array([[30.0, 0.0, 0.0], [1.0, -2.0, 3.5], [1.0, 1.0, 1.0]]))
    assert (certain, sure, undecided) == (20, 2.5, 0)


def test_a_state_has_only_its_own_block():
    ladder = ladder_of(*made(5), POLICIES)
    assert ladder.states.shape == (2, 5, 4) and ladder.right.shape == (3, 5)
    assert (ladder.states[0, :, 2:] == 0).all() and (ladder.states[1, :, :2] == 0).all()
    assert (ladder.states[0, :, 1] == 1).all() and (ladder.states[1, :, 3] == 1).all()


def test_what_a_rung_costs_is_a_part_of_the_whole_network_and_a_second_view_pays_for_the_first_too():
    assert np.allclose(costs_of(POLICIES), [[0.1, 0.3, 1.0]] * 3)
    costs = costs_of([*POLICIES, {"macs": 1000, "mirrored": True}])
    assert np.allclose(costs[:, :3], [[0.1, 0.3, 1.0]] * 4)
    assert np.allclose(costs[:, 3], [2, 2, 1, 1])


def test_the_expected_return_is_that_of_many_sampled_ways():
    torch.manual_seed(0)
    logits, truth = made(1)
    ladder = ladder_of(logits, truth, POLICIES)
    values = torch.rand(2, 1, 3)
    price, temperature, ways = torch.tensor([0.4]), 0.3, 20_000
    exact = learn.expected_return(values, ladder, price, temperature).item()
    returns = []
    for start in (0, 1):
        rung, returned = torch.full((ways,), start), torch.zeros(ways)
        done = torch.zeros(ways, dtype=torch.bool)
        while not done.all():
            here = rung.clamp(max=1)
            chance = torch.softmax(preferences(values[here, 0], here, price.expand(ways), ladder.costs, temperature), 1)
            action = torch.multinomial(chance, 1)[:, 0]
            stop = done | (rung == 2) | (action == rung)
            returned = torch.where(stop, returned, returned - price * ladder.costs[here, action])
            rung, done = torch.where(stop, rung, action), stop
        returns.append((returned + ladder.right[rung, 0]).mean())
    assert exact == pytest.approx(float(sum(returns)) / 2, abs=0.02)


@pytest.mark.parametrize("method", learn.METHODS)
def test_every_method_learns_which_images_gain_and_where(method, monkeypatch):
    monkeypatch.setattr(learn, "STEPS", 300)
    agent = learn.learn(ladder_of(*made(), POLICIES), method)
    fresh = ladder_of(*made(seed=1), POLICIES)
    price = torch.full((fresh.images,), 0.1)
    with torch.no_grad():
        chosen = preferences(agent(fresh.states[0]), torch.zeros(fresh.images, dtype=torch.int64), price, fresh.costs, 0.01).argmax(1)
    wrong = fresh.right[0] == 0
    assert (chosen[wrong] == 1).float().mean() > 0.9
    assert (chosen[~wrong] == 0).float().mean() > 0.9


def test_the_graph_gives_the_agents_values_and_counts_its_macs():
    torch.manual_seed(1)
    ladder = ladder_of(*made(50), POLICIES)
    agent = Agent(3, 4)
    agent.fit_scaling(ladder.states)
    for parameter in agent.parameters():
        torch.nn.init.normal_(parameter)
    model = agent_graph(agent)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for states in ladder.states:
        (found,) = session.run(None, {"state": states.numpy()})
        assert np.allclose(found, agent(states).detach().numpy(), atol=1e-3)
    assert agent_macs(agent) == sum(int(np.prod(weights.dims)) for weights in model.graph.initializer)


def test_fit_agent_writes_graph_check_values_draft_and_cross_fitted_values(tmp_path, monkeypatch):
    monkeypatch.setattr(learn, "STEPS", 5)
    logits, truth = made(60)
    package, tables = tmp_path / "package", tmp_path / "outcomes"
    package.mkdir()
    write_table(tables, "holdout", logits, truth)
    (package / "check.json").write_text(json.dumps({"logits": logits[:, :2].tolist()}))
    (tables / "draft.json").write_text(json.dumps({"policies": POLICIES}))
    fit_agent(package, tables, ["critic", "actor-critic"])
    draft = json.loads((tables / "draft.json").read_text())
    assert draft["agent"]["file"] == "agent.onnx" and draft["agent"]["inputs"] == ["gap"]
    assert np.shape(json.loads((package / "check.json").read_text())["values"]) == (2, 2, 3)
    for method in ("critic", "actor-critic"):
        assert (tables / f"holdout.{method}.values.bin").stat().st_size == 2 * 60 * 3 * 4
