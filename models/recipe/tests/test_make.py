import json
import sys
from dataclasses import replace

import pytest
import torch

from budgetnet import augment, export, make, network
from budgetnet.trainer import Trainer


def command(folder, *more):
    return ["make", "--data", str(folder), "--name", "mine", "--architecture", "tiny", "--minutes", "0", *more]


@pytest.fixture
def models(tmp_path, monkeypatch):
    """A models folder of the test's own, for what is read and written by name."""
    for module in (make, export):
        monkeypatch.setattr(module, "MODELS", tmp_path / "models")
    monkeypatch.setattr(make, "has_bf16", lambda: False)
    return tmp_path / "models"


@pytest.mark.parametrize("inner", ["", "train"])
def test_one_command_makes_a_package_of_a_folder(tiny, folder, models, monkeypatch, capsys, inner):
    monkeypatch.setattr(sys, "argv", command(folder / inner))
    make.main()
    plan, *epochs, results = map(json.loads, capsys.readouterr().out.splitlines())
    assert plan == {"constant": 1, "decay": 1, "fullOnly": 0}
    assert [line["epoch"] for line in epochs] == [1, 2]
    assert len(results["holdout"]) == len(tiny.rungs) + 2  # the look and the second view
    assert {"policy-00.onnx", "weights.bin", "agent.onnx", "check.json"} <= {
        file.name for file in (models / "packages" / "mine").iterdir()
    }
    assert json.loads((models / "outcomes" / "mine" / "draft.json").read_text())["classes"] == ["cold", "warm"]


def test_classes_that_a_mirror_changes_are_never_mirrored(tiny, folder, models, monkeypatch, capsys):
    drawn, batches = [], augment.batches

    def noted(pixels, epoch, seed, flips):
        plain, _, _ = next(batches(pixels, epoch, seed, None))
        for number, batch in enumerate(batches(pixels, epoch, seed, flips)):
            if number == 0:  # later ones depend on what the first step drew
                drawn.append(torch.equal(batch[0], plain))
            yield batch

    monkeypatch.setattr(augment, "batches", noted)
    monkeypatch.setattr(sys, "argv", command(folder, "--no-mirror"))
    make.main()
    assert drawn and all(drawn)
    draft = json.loads((models / "outcomes" / "mine" / "draft.json").read_text())
    assert not any("mirrored" in policy for policy in draft["policies"]) and draft["training"]["mirror"] is False
    assert len(draft["results"]["holdout"]) == len(draft["policies"]) == len(tiny.rungs) + 1


@pytest.mark.parametrize("more", [["--no-mirror"], ["--minutes", "2"], ["--scratch"], ["--seed", "2"]])
def test_a_run_that_was_begun_with_other_settings_is_refused(tiny, folder, models, monkeypatch, capsys, more):
    monkeypatch.setattr(sys, "argv", command(folder))
    make.main()
    monkeypatch.setattr(sys, "argv", command(folder, *more))
    with pytest.raises(SystemExit, match="2"):
        make.main()
    assert "was begun with" in capsys.readouterr().err


def test_test_images_that_do_not_exist_are_reported_before_anything_is_trained(
    tiny, folder, models, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "argv", command(folder / "train", "--test"))
    with pytest.raises(SystemExit, match="2"):
        make.main()
    told = capsys.readouterr()
    assert "no test images found" in told.err and told.out == ""


def test_a_run_stopped_in_its_decay_continues_by_its_plan(tiny, folder, models, monkeypatch, capsys):
    monkeypatch.setattr(make, "schedule", lambda *_: {"constant": 2, "decay": 3, "fullOnly": 1})
    monkeypatch.setattr(sys, "argv", command(folder))
    save, saved = Trainer.save, []

    def save_and_stop(trainer, file):
        save(trainer, file)
        saved.append(trainer.epoch)
        if trainer.epoch == 3 and len(saved) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(Trainer, "save", save_and_stop)
    monkeypatch.setattr(make.signal, "signal", lambda *_: None)
    with pytest.raises(SystemExit, match="130"):
        make.main()
    assert "the same command continues it" in capsys.readouterr().err
    make.main()
    assert "continues an earlier run" in capsys.readouterr().err
    assert saved == [1, 2, 3, 4, 5]
    assert json.loads((models / "outcomes" / "mine" / "draft.json").read_text())["training"]["epochs"] == 5


@pytest.mark.parametrize("minutes", ["-1", "inf", "nan", "soon", "20min"])
def test_minutes_must_be_a_number(tiny, folder, models, monkeypatch, capsys, minutes):
    monkeypatch.setattr(sys, "argv", command(folder, "--minutes", minutes))
    with pytest.raises(SystemExit, match="2"):
        make.main()
    assert f"argument --minutes: '{minutes}': expected a number of minutes" in capsys.readouterr().err


def test_too_little_time_is_reported_and_the_minutes_left_cover_all_that_is_to_come(
    tiny, folder, models, monkeypatch, capsys
):
    monkeypatch.setattr(sys, "argv", command(folder))
    monkeypatch.setattr(make, "EXPORT_SECONDS", 600)
    make.main()
    out, err = capsys.readouterr()
    assert "72 images: --minutes 11 would be enough for 10 epochs" in err
    assert [line["minutesLeft"] for line in map(json.loads, out.splitlines()[1:-1])] == [10, 10]


def test_the_schedule_fills_the_time(tiny):
    assert make.schedule(1000, 1, 10, begun=True) == {"constant": 60, "decay": 40, "fullOnly": 0}
    assert make.schedule(1000, 1, 10, begun=False) == {
        "constant": 60,
        "decay": 40,
        "fullOnly": 1,
    }  # conftest: 1 at most
    assert make.schedule(5, 1, 10, begun=False) == {"constant": 1, "decay": 1, "fullOnly": 0}


def test_a_fast_machine_does_not_learn_the_images_by_heart(tiny):
    assert make.schedule(1e6, 0.001, 180, begun=True) == {"constant": 180, "decay": 120, "fullOnly": 0}
    assert make.schedule(1e6, 0.001, 2, begun=True) == {"constant": 6000, "decay": 4000, "fullOnly": 0}  # few images


def test_too_few_images_are_refused(tiny, folder, models, monkeypatch, capsys):
    monkeypatch.setattr(augment, "BATCH", 100)
    monkeypatch.setattr(sys, "argv", command(folder))
    with pytest.raises(SystemExit, match="2"):
        make.main()
    assert "expected at least 100" in capsys.readouterr().err


def test_the_steps_that_are_timed_are_those_with_a_drawn_rung_and_the_first_is_left_out(settings, learn, monkeypatch):
    ran, forward = [], network.BranchNetwork.forward
    now = iter([0, 100, *[at for step in range(6) for at in (100 + step, 100.5 + step)]])
    monkeypatch.setattr(network.BranchNetwork, "forward", lambda *given: ran.append(given[-1]) or forward(*given))
    monkeypatch.setattr(make.time, "perf_counter", lambda: next(now))
    assert make.step_seconds(replace(settings, full_only_epochs=8), learn) == 0.5
    assert len(ran) == 14 and ran[::2] == [2] * 7 and 2 not in ran[1::2]
