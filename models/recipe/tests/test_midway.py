import sys
from dataclasses import replace

import pytest
import torch

from budgetnet import checkpoint, midway
from budgetnet.trainer import Trainer


def run_from_kept(settings, learn, folder):
    """Kept weights, and the checkpoint of a run that went on from them for an epoch."""
    begun, ended = folder / "begun.pt", folder / "ended.pt"
    trainer = Trainer(settings, learn)
    trainer.save(begun)
    checkpoint.keep(begun, folder / "kept.npz")
    trainer.run_epoch()
    trainer.save(ended)
    return folder / "kept.npz", ended


def test_midway_is_the_mean_of_where_a_run_began_and_ended_and_can_be_exported(settings, learn, tmp_path, monkeypatch):
    kept, ended = run_from_kept(settings, learn, tmp_path)
    out = tmp_path / "midway.pt"
    monkeypatch.setattr(sys, "argv", ["midway", "--start", str(kept), "--checkpoint", str(ended), "--out", str(out)])
    midway.main()
    network, state, found = checkpoint.averaged(out)
    assert (state["epoch"], found) == (1, settings)
    begun = checkpoint.read_kept(kept)[0]
    ends = torch.load(ended, weights_only=True)
    for name, weights in network.named_parameters():
        torch.testing.assert_close(weights.detach(), (begun[name] + ends["average"][name]) / 2)
        kept_then = state["network"][name]  # which --keep takes
        torch.testing.assert_close(kept_then, (begun[name] + ends["network"][name]) / 2)


def test_a_file_that_is_not_a_checkpoint_and_a_missing_folder_are_reported(
    settings, learn, tmp_path, monkeypatch, capsys
):
    kept, ended = run_from_kept(settings, learn, tmp_path)

    def refusal(start, checkpoint, out):
        monkeypatch.setattr(sys, "argv", ["midway", "--start", start, "--checkpoint", checkpoint, "--out", out])
        with pytest.raises(SystemExit, match="2"):
            midway.main()
        return capsys.readouterr().err

    out = str(tmp_path / "midway.pt")
    said = refusal(str(kept), str(kept), out)
    assert f"{kept}: another kind of file, or damaged (" in said and "expected a checkpoint" in said
    assert "No such file or directory" in refusal(str(kept), str(ended), str(tmp_path / "none" / "midway.pt"))


def test_midway_of_networks_that_do_not_fit_is_refused(settings, learn, tmp_path):
    kept, _ = run_from_kept(settings, learn, tmp_path)
    other = Trainer(replace(settings, size=64), learn)
    other.save(tmp_path / "other.pt")
    with pytest.raises(ValueError, match="size|64"):
        midway.midway(kept, tmp_path / "other.pt")
