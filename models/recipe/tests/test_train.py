import json
import shutil
import sys
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from budgetnet import augment, checkpoint, train
from budgetnet.data import Images, load, split_holdout
from budgetnet.trainer import EMA_STEPS, Trainer


def trained(settings, learn, epochs, file=None, resume_after=None):
    trainer = Trainer(settings, learn)
    for epoch in range(epochs):
        if epoch == resume_after:
            trainer.save(file)
            trainer = Trainer(settings, learn)
            trainer.restore(file)
        trainer.run_epoch()
    return trainer


def same(one, other):
    one, other = one.state_dict(), other.state_dict()
    return all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("resume_after", [1, 2])  # at the end of the full network's epochs, and later
def test_resuming_gives_the_same_weights_as_one_go(settings, learn, tmp_path, resume_after):
    whole = trained(settings, learn, 3)
    resumed = trained(settings, learn, 3, tmp_path / "constant.pt", resume_after)
    assert same(whole.network, resumed.network) and same(whole.average, resumed.average)


def test_resuming_hides_squares_as_before(settings, learn, tmp_path):
    bare = trained(settings, learn, 2)
    hiding = replace(settings, cutout=8)
    whole = trained(hiding, learn, 2)
    trained(hiding, learn, 1).save(tmp_path / "constant.pt")
    resumed = Trainer(settings, learn)
    resumed.restore(tmp_path / "constant.pt")
    resumed.run_epoch()
    assert same(whole.network, resumed.network) and not same(whole.network, bare.network)


def test_kept_weights_start_another_run_at_their_epoch(settings, learn, tmp_path):
    trainer = trained(settings, learn, 2)
    trainer.save(tmp_path / "constant.pt")
    checkpoint.keep(tmp_path / "constant.pt", tmp_path / "kept" / "tiny.npz")
    other = Trainer(settings, learn)
    other.start_from(tmp_path / "kept" / "tiny.npz")
    assert other.epoch == 2 and same(other.network, other.average)
    for name, value in trainer.network.state_dict().items():
        if value.is_floating_point():
            assert torch.allclose(value, other.network.state_dict()[name], rtol=1e-3, atol=1e-6)
    with pytest.raises(ValueError, match="has learnt with mirrored images"):
        Trainer(replace(settings, mirror=False), learn).start_from(tmp_path / "kept" / "tiny.npz")


def test_kept_weights_say_how_they_were_trained_and_on_which_images(settings, learn, tmp_path):
    begun = replace(settings, full_only_epochs=0, trunk="a/trunk.npz")
    trained(begun, learn, 1).save(tmp_path / "constant.pt")
    checkpoint.keep(tmp_path / "constant.pt", tmp_path / "tiny.npz")
    other = Trainer(settings, learn)
    other.start_from(tmp_path / "tiny.npz")
    assert (other.settings.full_only_epochs, other.settings.trunk) == (0, "a/trunk.npz")
    elsewhere = Trainer(settings, Images(255 - learn.pixels, learn.labels, learn.classes))
    with pytest.raises(ValueError, match="has learnt from other images"):
        elsewhere.start_from(tmp_path / "tiny.npz")


def test_other_files_than_kept_weights_are_refused(settings, learn, tmp_path):
    np.savez(tmp_path / "other.npz", epoch=1)
    with pytest.raises(ValueError, match="does not say .*mean.*expected a file of budgetnet.export --keep"):
        Trainer(settings, learn).start_from(tmp_path / "other.npz")


def test_kept_weights_say_whether_squares_were_hidden(settings, learn, tmp_path):
    trained(replace(settings, cutout=8), learn, 1).save(tmp_path / "constant.pt")
    checkpoint.keep(tmp_path / "constant.pt", tmp_path / "kept.npz")
    with np.load(tmp_path / "kept.npz") as kept:
        np.savez(tmp_path / "older.npz", **{name: kept[name] for name in kept.files if name != "cutout"})
    for file, cutout in (("kept.npz", 8), ("older.npz", 0)):
        other = Trainer(settings, learn)
        other.start_from(tmp_path / file)
        assert other.settings.cutout == cutout


def test_a_run_keeps_its_seed_and_arithmetic(settings, learn, tmp_path):
    first = Trainer(replace(settings, seed=2, bf16=True), learn)
    first.save(tmp_path / "constant.pt")
    resumed = Trainer(settings, learn)
    resumed.restore(tmp_path / "constant.pt")
    assert (resumed.settings.seed, resumed.settings.bf16) == (2, True) and torch.equal(resumed.flips, first.flips)


def test_a_trunk_gives_all_but_the_head_to_a_network_for_other_classes(settings, learn, tmp_path):
    trainer = trained(settings, learn, 1)
    trainer.save(tmp_path / "constant.pt")
    checkpoint.keep(tmp_path / "constant.pt", tmp_path / "kept.npz")
    kept, *_ = checkpoint.read_kept(tmp_path / "kept.npz")
    other = Trainer(settings, learn)
    fresh = {name: value.clone() for name, value in other.network.state_dict().items()}
    other.trunk_from(tmp_path / "kept.npz")
    assert other.epoch == 0 and same(other.network, other.average)
    for name, value in other.network.state_dict().items():
        if name.startswith("head."):
            assert torch.equal(value, fresh[name])
        elif value.is_floating_point():
            assert torch.equal(value, kept[name])


@pytest.mark.parametrize("epochs, alone", [(1, 1), (2, 0)])
def test_only_a_trunk_whose_rungs_have_not_learnt_yet_begins_with_the_full_network_alone(
    settings, learn, tmp_path, epochs, alone
):
    trained(settings, learn, epochs).save(tmp_path / "constant.pt")
    checkpoint.keep(tmp_path / "constant.pt", tmp_path / "kept.npz")
    other = Trainer(settings, learn)
    other.trunk_from(tmp_path / "kept.npz")
    assert other.settings.full_only_epochs == alone


def test_a_run_keeps_saying_what_it_began_with(settings, learn, tmp_path):
    Trainer(replace(settings, trunk="a/trunk.npz"), learn).save(tmp_path / "constant.pt")
    resumed = Trainer(settings, learn)
    resumed.restore(tmp_path / "constant.pt")
    assert resumed.settings.trunk == "a/trunk.npz"


def test_a_run_keeps_the_rate_that_it_began_with(settings, learn, tmp_path):
    Trainer(replace(settings, rate=0.05), learn).save(tmp_path / "constant.pt")
    resumed = Trainer(settings, learn)
    resumed.restore(tmp_path / "constant.pt")
    assert resumed.rate(2) == 0.05 == resumed.optimiser.param_groups[0]["lr"]


def test_the_rate_warms_up_stays_and_decays_to_zero(settings, learn):
    trainer = Trainer(replace(settings, decay=10, rate=0.05), learn)
    assert trainer.rate(0.1) < 0.05 == trainer.rate(1) == trainer.rate(50)
    trainer.decay_start = 50
    assert trainer.rate(50) == 0.05 and trainer.rate(60) == 0
    assert trainer.rate(52) > trainer.rate(55) > trainer.rate(59.9) > 0


@pytest.mark.parametrize("decay", [5, 400])
def test_the_average_of_a_decay_holds_next_to_nothing_from_before_it(settings, learn, decay):
    trainer = Trainer(replace(settings, decay=decay), learn)
    trainer.decay_start = 0
    steps = decay * (72 // augment.BATCH)
    assert (1 - 1 / trainer.average_steps()) ** steps < 0.01
    assert trainer.average_steps() <= EMA_STEPS


def test_images_added_since_are_refused_because_some_held_out_ones_were_learnt_from(settings, learn, tmp_path, folder):
    trained(settings, learn, 1).save(tmp_path / "constant.pt")
    for number in range(20):
        shutil.copy(
            folder / "train" / "cold" / f"{number:02d}.png", folder / "train" / "cold" / f"more-{number:02d}.png"
        )
    more, _ = split_holdout(load(folder, "train"))
    with pytest.raises(ValueError, match="has learnt from other images"):
        Trainer(settings, more).restore(tmp_path / "constant.pt")


def test_too_few_images_are_refused(settings, learn, monkeypatch):
    monkeypatch.setattr(augment, "BATCH", 73)
    with pytest.raises(ValueError, match="72 images to learn from; expected at least 73"):
        Trainer(settings, learn)


@pytest.fixture
def command(tiny, folder, monkeypatch, capsys):
    """Runs `budgetnet.train` as a person would; returns its lines."""

    def run(out, *arguments):
        monkeypatch.setattr(
            sys, "argv", ["train", "--data", str(folder), "--out", str(out), "--architecture", "tiny", *arguments]
        )
        train.main()
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return run


def test_epochs_of_milliseconds_are_saved_too(monkeypatch, tmp_path):
    saved, trainer = [], SimpleNamespace(epoch=0)

    def run_epoch():
        trainer.epoch += 1
        return {"epoch": trainer.epoch, "seconds": 0.02}

    trainer.run_epoch, trainer.save = run_epoch, lambda file: saved.append(trainer.epoch)
    monkeypatch.setattr(train, "SAVE_SECONDS", 0.1)
    train.run(trainer, tmp_path / "constant.pt", last=12)
    assert saved == [5, 10, 12]


def test_constant_phase_then_decay(command, tmp_path):
    lines = command(tmp_path / "run", "--epochs", "2")
    assert [line["epoch"] for line in lines] == [1, 2] and lines[-1]["minutesLeft"] == 0
    assert [line["epoch"] for line in command(tmp_path / "run", "--decay", "2")] == [3, 4]
    assert [line["epoch"] for line in command(tmp_path / "run", "--epochs", "3")] == [3]  # the decay was a branch
    assert command(tmp_path / "run", "--decay", "2") == []


def test_a_bare_machine_decays_from_kept_weights(command, tmp_path):
    command(tmp_path / "run", "--epochs", "2")
    checkpoint.keep(tmp_path / "run" / "constant.pt", tmp_path / "tiny.npz")
    lines = command(tmp_path / "bare", "--start", str(tmp_path / "tiny.npz"), "--decay", "1")
    assert [line["epoch"] for line in lines] == [3]


def test_training_continues_from_the_end_of_a_decay_at_a_constant_rate(command, tmp_path):
    command(tmp_path / "run", "--epochs", "1")
    command(tmp_path / "run", "--decay", "1")
    checkpoint.keep(tmp_path / "run" / "decay.pt", tmp_path / "tiny.npz")
    lines = command(tmp_path / "bare", "--start", str(tmp_path / "tiny.npz"), "--epochs", "4")
    assert [line["epoch"] for line in lines] == [3, 4]


def refusal(command, capsys, *arguments):
    with pytest.raises(SystemExit) as exit:
        command(*arguments)
    assert exit.value.code == 2
    return capsys.readouterr().err


def test_checkpoints_that_do_not_fit_are_refused(command, capsys, tmp_path):
    run = tmp_path / "run"
    assert "nothing to decay from" in refusal(command, capsys, run, "--decay", "1")
    command(run, "--epochs", "2")
    assert "expected --architecture tiny --size 64" in refusal(command, capsys, run, "--epochs", "3", "--size", "64")
    command(run, "--decay", "1")
    assert "decays in 1 epochs" in refusal(command, capsys, run, "--decay", "2")


def test_files_that_are_no_checkpoints_and_a_file_for_a_folder_are_refused(command, capsys, tmp_path):
    run, file = tmp_path / "run", tmp_path / "file"
    run.mkdir()
    (run / "constant.pt").write_bytes(b"PK")
    file.write_text("of another kind")
    assert "constant.pt: another kind of file, or damaged" in refusal(command, capsys, run, "--epochs", "1")
    said = refusal(command, capsys, tmp_path / "other", "--start", str(file), "--epochs", "1")
    assert (
        f"{file}: another kind of file, or damaged (" in said and "expected a file of budgetnet.export --keep" in said
    )
    assert "File exists" in refusal(command, capsys, file, "--epochs", "1")


def test_kept_weights_of_other_classes_are_refused(command, capsys, tmp_path):
    command(tmp_path / "run", "--epochs", "1")
    checkpoint.keep(tmp_path / "run" / "constant.pt", tmp_path / "tiny.npz")
    third = tmp_path / "data" / "train" / "third"
    third.mkdir()
    for file in (tmp_path / "data" / "train" / "warm").iterdir():
        (third / file.name).write_bytes(file.read_bytes())
    said = refusal(command, capsys, tmp_path / "other", "--start", str(tmp_path / "tiny.npz"), "--epochs", "2")
    assert "trained for 2 classes; the data has 3" in said


def test_a_step_in_bfloat16_learns_as_one_in_float32_does(settings, learn):
    losses = []
    for bf16 in (False, True):
        trainer = Trainer(replace(settings, bf16=bf16), learn)
        trainer.epoch = 1  # past the full network's own epochs
        trainer.network.train()
        losses.append(
            [float(trainer.step(*batch)[0]) for batch in augment.batches(trainer.pixels, 1, 1, trainer.flips)]
        )
    assert losses[1] == pytest.approx(losses[0], rel=0.1)


def test_a_run_begins_with_kept_weights_or_with_a_trunk(tiny, folder, tmp_path, monkeypatch, capsys):
    arguments = ["--data", str(folder), "--out", str(tmp_path / "run"), "--start", "a.npz", "--trunk", "b.npz"]
    monkeypatch.setattr(sys, "argv", ["train", *arguments])
    with pytest.raises(SystemExit, match="2"):
        train.main()
    assert "begins with one of them" in capsys.readouterr().err
