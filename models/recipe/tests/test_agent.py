import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch

from budgetnet import learn
from budgetnet.agent import KNOTS, PRICES, Agent, agent_graph, agent_macs, fit
from budgetnet.fit_agent import fit_agent, folds_of, without
from budgetnet.ladder import costs_of, ladder_of, readings
from budgetnet.onestep import preferences
from budgetnet.outcomes import read_table, write_table

POLICIES = [{"macs": 100}, {"macs": 300}, {"macs": 1000}]


def made(images=400, seed=0):
    """Logits [3, images, 4] of a ladder on which rung 1 is right where rung 0 is unsure, and rung 2 no better; and the
    truth.
    """
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
        chosen = preferences(
            agent(fresh.states[0]), torch.zeros(fresh.images, dtype=torch.int64), price, fresh.costs, 0.01
        ).argmax(1)
    wrong = fresh.right[0] == 0
    assert (chosen[wrong] == 1).float().mean() > 0.9
    assert (chosen[~wrong] == 0).float().mean() > 0.9


def best(agent, rung, gaps, price):
    """What the actor does after `rung` at PRICES[price]: the rung to run, or its own."""
    said = agent.says(rung, gaps)[:, price]
    return (said[..., 0] - PRICES[price] * said[..., 1])[:, rung:].argmax(1) + rung


def test_the_agent_learns_which_images_gain_and_where():
    agent = fit(ladder_of(*made(), POLICIES))
    fresh = ladder_of(*made(seed=1), POLICIES)
    chosen = best(agent, 0, fresh.gaps(0), int(np.searchsorted(PRICES, 0.5)))
    wrong = fresh.right[0].numpy() == 0
    assert (chosen[wrong] == 1).mean() > 0.9 and (chosen[~wrong] == 0).mean() > 0.9


def two_steps(images=3000):
    """A ladder on which rung 1 is right for half of the images and sure of just those, and rung 2 for all; rung 0 knows
    nothing.
    """
    random = np.random.default_rng(2)
    truth, rows = random.integers(0, 4, images), np.arange(images)
    logits = np.zeros((3, images, 4))
    logits[0] = random.normal(0, 0.1, (images, 4))
    easy = random.random(images) < 0.5
    logits[1, rows, np.where(easy, truth, (truth + 1) % 4)] = np.where(easy, 6, 1) + random.normal(0, 0.1, images)
    logits[2, rows, truth] = 6
    return logits, truth


def test_it_runs_a_rung_for_what_it_will_know_after_it():
    """Rung 1 for all and rung 2 for the unsure half costs 0.3 + 0.5 x 1.0; rung 2 at once 1.0: only an agent that looks
    ahead sees that.
    """
    policies = [{"macs": 10}, {"macs": 300}, {"macs": 1000}]
    ladder = ladder_of(*two_steps(), policies)
    agent, price = fit(ladder), int(np.searchsorted(PRICES, 0.3))
    assert (best(agent, 0, ladder.gaps(0), price) == 1).mean() > 0.95
    said = agent.says(0, ladder.gaps(0))[:, price]
    assert said[:, 1].mean(0) == pytest.approx([1.0, 0.8], abs=0.02)
    after = best(agent, 1, ladder.gaps(1), price)
    sure = ladder.gaps(1) > 3
    assert (after[sure] == 1).all() and (after[~sure] == 2).all()


def test_a_second_view_is_planned_only_after_the_first_and_its_gain_counts_for_the_first():
    logits, truth = two_steps()
    second = logits[2].copy()
    logits[2, :, :] = np.where(
        np.arange(len(truth))[:, None] % 5 == 0, np.roll(second, 1, 1) / 6, second
    )  # unsure where wrong
    policies = [{"macs": 10}, {"macs": 300}, {"macs": 1000}, {"macs": 1000, "mirrored": True}]
    ladder = ladder_of(np.concatenate([logits, second[None]]), truth, policies)
    agent = fit(ladder)
    for rung in (0, 1):
        assert not agent.says(rung, ladder.gaps(rung))[:, :, 3].any()
    cheap = agent.says(1, np.array([1.0]))[0, 0]
    assert cheap[2] == pytest.approx([1.0, 1.2], abs=0.03)  # a fifth is looked at again


def test_the_graph_gives_the_values_of_the_agent_and_counts_its_macs():
    random = np.random.default_rng(3)
    ladder = ladder_of(*made(50), POLICIES)
    knots = np.sort(random.uniform(0, 8, (2, KNOTS)), 1)
    agent = Agent(knots, random.normal(size=(2, KNOTS, len(PRICES), 3, 2)))
    model = agent_graph(agent)
    onnx.checker.check_model(model)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    for rung, states in enumerate(ladder.states):
        (found,) = session.run(None, {"state": states.numpy()})
        assert np.allclose(found, agent.says(rung, ladder.gaps(rung)).reshape(50, -1), atol=1e-4)
    assert agent_macs(3) == sum(int(np.prod(weights.dims)) for weights in model.graph.initializer)


@pytest.mark.parametrize("images", [3, 60])
def test_fit_agent_writes_graph_check_draft_and_agents_of_folds(tmp_path, monkeypatch, images):
    monkeypatch.setattr(learn, "STEPS", 5)
    logits, truth = made(images)
    package, tables = tmp_path / "package", tmp_path / "outcomes"
    package.mkdir()
    write_table(tables, "holdout", logits, truth)
    (package / "check.json").write_text(json.dumps({"logits": logits[:, :2].tolist()}))
    (tables / "draft.json").write_text(
        json.dumps({"policies": [{"macs": 1000 * policy["macs"]} for policy in POLICIES]})
    )
    fit_agent(package, tables, ["critic", "actor-critic"] if images > 5 else [])
    draft = json.loads((tables / "draft.json").read_text())
    assert (draft["agent"]["file"], draft["agent"]["inputs"], len(draft["agent"]["prices"])) == (
        "agent.onnx",
        ["gap"],
        len(PRICES),
    )
    values = np.asarray(json.loads((package / "check.json").read_text())["values"])
    assert values.shape == (2, 2, len(PRICES) * 3 * 2) and np.isfinite(values).all()
    folds = json.loads((tables / "holdout.folds.json").read_text())["folds"]
    assert len(folds) == images and {f"holdout.fold-{fold}.onnx" for fold in folds} <= {
        file.name for file in tables.glob("*.onnx")
    }
    for file in tables.glob("*.values.bin"):
        assert file.stat().st_size == 2 * images * 3 * 4


def test_the_agent_of_a_fold_has_not_seen_its_images():
    logits, truth = made(50)
    folds = folds_of(50)
    assert np.bincount(folds).tolist() == [10] * 5
    ladder = ladder_of(logits, truth, POLICIES)
    other = ladder_of(logits, np.where(folds == 2, (truth + 1) % 4, truth), POLICIES)
    for fold, same in ((2, True), (1, False)):
        one, two = (fit(without(some, folds, fold)).answers for some in (ladder, other))
        assert np.array_equal(one, two) == same


@pytest.mark.parametrize(
    ("policies", "message"),
    [
        ([{"macs": 1_000_000}], "two policies or more"),
        ([{"macs": 1000}, {}], "expected macs"),
        (
            [{"macs": 10_000}, {"macs": 148_000}, {"macs": 148_700}],
            "1488 MACs, expected at most 1487, .* fewer policies, or a larger network",
        ),
    ],
)
def test_policies_that_no_agent_fits_are_refused_before_anything_is_fitted(tmp_path, policies, message):
    (tmp_path / "draft.json").write_text(json.dumps({"policies": policies}))
    with pytest.raises(ValueError, match=f"draft.json.*{message}"):
        fit_agent(tmp_path, tmp_path)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda logits, truth: (logits, truth[:-1]), "holdout.json: expected truth to be 5 indices"),
        (lambda logits, truth: (logits, truth + 4), "holdout.json: .* 0 to 3"),
        (lambda logits, truth: (logits, [f"class {label}" for label in truth]), "holdout.json: .* 0 to 3"),
        (
            lambda logits, truth: (np.where(np.arange(5)[:, None] == 2, np.nan, logits), truth),
            "holdout.logits.bin: policy 0, image 2",
        ),
    ],
)
def test_a_file_that_is_not_a_table_is_refused_by_its_name(tmp_path, change, message):
    write_table(tmp_path, "holdout", *change(*made(5)))
    with pytest.raises(ValueError, match=message):
        read_table(tmp_path, "holdout")


def test_a_table_of_another_type_is_refused(tmp_path):
    logits, truth = made(5)
    write_table(tmp_path, "holdout", logits, truth)
    (tmp_path / "holdout.logits.bin").write_bytes(logits.astype("<f4").tobytes())
    with pytest.raises(ValueError, match=r"240 bytes, expected 120: float16 .* \[3, 5, 4\]"):
        read_table(tmp_path, "holdout")


def test_what_judges_a_fold_has_learnt_from_the_others_only(tmp_path):
    random, folds = np.random.default_rng(0), folds_of(60)
    truth, logits = random.integers(0, 4, 60), random.normal(0, 2, (3, 60, 4))
    found = []
    for truths in (truth, np.where(folds == 2, (truth + 1) % 4, truth)):
        write_table(tmp_path, "holdout", logits, truths)
        (tmp_path / "check.json").write_text(json.dumps({"logits": logits[:, :2].tolist()}))
        (tmp_path / "draft.json").write_text(json.dumps({"policies": [{"macs": n * 100_000} for n in (1, 3, 10)]}))
        fit_agent(tmp_path, tmp_path, ["critic"])
        values = np.frombuffer((tmp_path / "holdout.critic.values.bin").read_bytes(), "<f4").reshape(2, 60, 3)
        agents = [(tmp_path / f"holdout.fold-{fold}.onnx").read_bytes() for fold in range(5)]
        found.append((values, agents, (tmp_path / "agent.onnx").read_bytes()))
    (values, agents, whole), (others, other_agents, other_whole) = found
    assert [one == two for one, two in zip(agents, other_agents)] == [fold == 2 for fold in range(5)]
    assert whole != other_whole
    assert np.array_equal(values[:, folds == 2], others[:, folds == 2])
    assert (values != others).any((0, 2))[folds != 2].all()


def test_prices_span_those_that_budgets_ask_for():
    assert (PRICES[0], PRICES[-1], len(PRICES)) == (0.003, 4, 20)


def test_values_of_other_methods_for_an_earlier_table_are_removed(tmp_path):
    random = np.random.default_rng(0)
    logits = random.normal(0, 2, (2, 20, 4))
    write_table(tmp_path, "holdout", logits, random.integers(0, 4, 20))
    (tmp_path / "check.json").write_text(json.dumps({"logits": logits[:, :2].tolist()}))
    (tmp_path / "draft.json").write_text(json.dumps({"policies": [{"macs": 100_000}, {"macs": 900_000}]}))
    (tmp_path / "holdout.critic.values.bin").write_bytes(b"of an earlier network")
    fit_agent(tmp_path, tmp_path)
    assert not list(tmp_path.glob("*.values.bin"))
