import json
import sys

import pytest

from budgetnet import export, make, network, small
from budgetnet.settings import Settings


@pytest.fixture
def package(tiny, folder, tmp_path, monkeypatch):
    """The tables of a package of four epochs, the first with the full network alone."""
    for module in (make, export, small):
        monkeypatch.setattr(module, "MODELS", tmp_path / "models")
    monkeypatch.setattr(make, "has_bf16", lambda: False)
    monkeypatch.setattr(make, "schedule", lambda *_: {"constant": 3, "decay": 1, "fullOnly": 1})
    monkeypatch.setattr(
        sys, "argv", ["make", "--data", str(folder), "--name", "mine", "--architecture", "tiny", "--test"]
    )
    make.main()
    return tmp_path / "models" / "outcomes" / "mine"


def test_training_compute_counts_every_run_of_every_rung(monkeypatch):
    monkeypatch.setattr(small, "SAMPLING", (0.75, 0.25))
    look = {"id": "look", "macs": 5, "look": True}
    policies = [
        look,
        *({"id": f"p{i}", "macs": macs} for i, macs in enumerate((20, 40, 100))),
        {"id": "twice", "macs": 100, "mirrored": True},
    ]
    training = {"epochs": 10, "decayEpochs": 4, "fullOnlyEpochs": 2, "lookEpochs": 8}
    assert small.compute(training, policies) == 10 * 100 + 8 * (0.75 * 20 + 0.25 * 40) + 8 * 5
    assert small.plan_of(training, policies, 1) == {"constant": 19, "decay": 12, "fullOnly": 31}
    assert small.plan_of(training, policies, 1, 0.5) == {"constant": 10, "decay": 6, "fullOnly": 16}


def test_a_small_network_is_trained_alone_and_writes_labels_of_the_same_images(
    tiny, folder, package, monkeypatch, capsys
):
    ran = []
    forward = network.BranchNetwork.forward
    monkeypatch.setattr(
        network.BranchNetwork,
        "forward",
        lambda self, x, policy: ran.append(self.training and policy) or forward(self, x, policy),
    )
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
        assert told["part"] == 1 and results[split] == sum(map(int.__eq__, told["labels"], truth)) / len(truth)


@pytest.mark.parametrize("policy", ["look", "p2", "p2-mirrored", "p9"])
def test_only_a_rung_below_the_full_network_can_be_trained_alone(tiny, folder, package, monkeypatch, capsys, policy):
    monkeypatch.setattr(sys, "argv", ["small", "--data", str(folder), "--name", "mine", "--policy", policy])
    with pytest.raises(SystemExit, match="2"):
        small.main()
    assert f"--policy {policy}: expected one of p0, p1" in capsys.readouterr().err


def told(folder, monkeypatch, capsys, *more):
    """What is printed about arguments that it refuses."""
    monkeypatch.setattr(sys, "argv", ["small", "--data", str(folder), "--name", "mine", "--policy", "p0", *more])
    with pytest.raises(SystemExit, match="2"):
        small.main()
    return capsys.readouterr().err


def test_a_run_of_another_plan_is_not_continued(tiny, folder, package, monkeypatch, capsys):
    monkeypatch.setattr(small, "train_by", lambda *_: 1 / 0)  # stopped at once
    monkeypatch.setattr(sys, "argv", ["small", "--data", str(folder), "--name", "mine", "--policy", "p0"])
    with pytest.raises(ZeroDivisionError):
        small.main()
    assert "was begun with" in told(folder, monkeypatch, capsys, "--part", "0.5")


@pytest.mark.parametrize("part", ["0", "-1", "inf", "nan", "half"])
def test_a_part_is_a_number_above_0(folder, monkeypatch, capsys, part):
    assert "expected a number above 0" in told(folder, monkeypatch, capsys, "--part", part)


@pytest.mark.parametrize(
    "field, value, why",
    [
        ("trunk", "other", "began with the weights of other"),
        ("teacher", "a,mine", "learnt from an earlier version of itself"),
    ],
)
def test_what_cannot_be_trained_as_the_package_was_is_refused(
    tiny, folder, package, monkeypatch, capsys, field, value, why
):
    draft = json.loads((package / "draft.json").read_text())
    draft["training"][field] = value
    (package / "draft.json").write_text(json.dumps(draft))
    assert why in told(folder, monkeypatch, capsys)


def test_exported_anew_a_package_has_no_small_networks(tiny, folder, package):
    file = package / "holdout.small-p1.json"
    file.write_text("{}")
    make.main()
    assert not file.exists()


def test_a_small_network_is_recalibrated_and_then_only_evaluated(folder, package, monkeypatch):
    ran, learnt, forward, measure = [], [], network.BranchNetwork.forward, small.recalibrate

    def noted(self, x, policy):
        ran.append((self.training, policy))
        return forward(self, x, policy)

    def recalibrate_and_forget(made, pixels, *statistics):
        learnt.extend([*ran, len(pixels)])
        measure(made, pixels, *statistics)
        ran.clear()

    monkeypatch.setattr(network.BranchNetwork, "forward", noted)
    monkeypatch.setattr(small, "recalibrate", recalibrate_and_forget)
    arguments = ["small", "--data", str(folder), "--name", "mine", "--policy", "p0", "--part", "0.1"]
    monkeypatch.setattr(sys, "argv", arguments)
    small.main()
    assert set(learnt) == {(True, 0), 72} and set(ran) == {(False, 0)}


def test_a_small_network_is_trained_as_its_package_was(folder, package, monkeypatch):
    file = package / "draft.json"
    draft = json.loads(file.read_text())
    draft["training"].update(rate=0.05, seed=5, mirror=False, bf16=True, cutoutPixels=4, teacher="another")
    file.write_text(json.dumps(draft))
    begun = []
    monkeypatch.setattr(small, "train_by", lambda plan, settings, *_: begun.append(settings) or 1 / 0)
    monkeypatch.setattr(sys, "argv", ["small", "--data", str(folder), "--name", "mine", "--policy", "p0"])
    with pytest.raises(ZeroDivisionError):
        small.main()
    asked = {"rate": 0.05, "seed": 5, "mirror": False, "bf16": True, "cutout": 4, "teacher": "another"}
    assert begun == [Settings("tiny", begun[0].full_only_epochs, **asked)]
