import json
import sys

import pytest

from budgetnet import export, make, small, train


@pytest.fixture
def package(tiny, folder, tmp_path, monkeypatch):
    """The tables of a package of four epochs, the first with the full network alone."""
    for module in (make, export, small):
        monkeypatch.setattr(module, "MODELS", tmp_path / "models")
    for module in (make, small):
        monkeypatch.setattr(module, "has_bf16", lambda: False)
    run = tmp_path / "models" / "runs" / "mine"
    run.mkdir(parents=True)
    (run / "plan.json").write_text(json.dumps({"constant": 3, "decay": 1, "fullOnly": 1}))
    monkeypatch.setattr(sys, "argv", ["make", "--data", str(folder), "--name", "mine", "--architecture", "tiny", "--test"])
    make.main()
    return tmp_path / "models" / "outcomes" / "mine"


def test_training_compute_counts_every_run_of_every_rung(monkeypatch):
    monkeypatch.setattr(train, "SAMPLING", (0.75, 0.25))
    macs = [20, 40, 100]
    training = {"epochs": 10, "decayEpochs": 4, "fullOnlyEpochs": 2}
    assert small.compute(training, macs) == 10 * 100 + 8 * (0.75 * 20 + 0.25 * 40)
    assert small.plan_of(training, macs, 1) == {"constant": 18, "decay": 12, "fullOnly": 30}
    assert small.plan_of(training, macs, 1, 0.5) == {"constant": 9, "decay": 6, "fullOnly": 15}


def test_a_small_network_is_trained_alone_and_says_labels_of_the_same_images(tiny, folder, package, monkeypatch, capsys):
    ran = []
    forward = train.BranchNetwork.forward
    monkeypatch.setattr(train.BranchNetwork, "forward", lambda self, x, policy: ran.append(self.training and policy) or forward(self, x, policy))
    monkeypatch.setattr(small, "recalibrate", lambda *_: None)
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["small", "--data", str(folder), "--name", "mine", "--policy", "p1", "--test"])
    small.main()
    plan, *epochs, results = map(json.loads, capsys.readouterr().out.splitlines())
    assert len(epochs) == plan["constant"] + plan["decay"] > 4
    assert {policy for policy in ran if policy is not False} == {1}
    for split in ("holdout", "test"):
        told = json.loads((package / f"{split}.small-p1.json").read_text())
        truth = json.loads((package / f"{split}.json").read_text())["truth"]
        assert told["epochs"] == len(epochs) and len(told["labels"]) == len(truth)
        assert results[split] == sum(map(int.__eq__, told["labels"], truth)) / len(truth)


@pytest.mark.parametrize("policy", ["look", "p2", "p2-mirrored", "p9"])
def test_only_a_rung_below_the_full_network_can_be_trained_alone(tiny, folder, package, monkeypatch, capsys, policy):
    monkeypatch.setattr(sys, "argv", ["small", "--data", str(folder), "--name", "mine", "--policy", policy])
    with pytest.raises(SystemExit, match="2"):
        small.main()
    assert f"--policy {policy}: expected one of p0, p1" in capsys.readouterr().err
