import subprocess
import sys

import torch

from budgetnet import export, train
from budgetnet.data import load, split_holdout


def options(folder, out, **more):
    class Options:
        pass

    chosen = Options()
    chosen.__dict__.update(data=str(folder), out=str(out), architecture="tiny", epochs=3, decay=0, seed=1, bf16=False, **more)
    return chosen


def trained(folder, out, epochs, resume_after=None):
    learn, _ = split_holdout(load(folder, "train"))
    trainer = train.Trainer(options(folder, out), learn)
    for epoch in range(epochs):
        if epoch == resume_after:
            trainer.save(out / "constant.pt")
            trainer = train.Trainer(options(folder, out), learn)
            trainer.restore(out / "constant.pt")
        trainer.run_epoch()
    return trainer


def test_resuming_gives_the_same_weights_as_one_go(tiny, folder, tmp_path):
    whole = trained(folder, tmp_path, 3).network.state_dict()
    resumed = trained(folder, tmp_path, 3, resume_after=2).network.state_dict()
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_kept_weights_start_another_run_at_their_epoch(tiny, folder, tmp_path):
    trainer = trained(folder, tmp_path, 2)
    trainer.save(tmp_path / "constant.pt")
    export.keep(tmp_path / "constant.pt", tmp_path / "kept" / "tiny.npz")
    learn, _ = split_holdout(load(folder, "train"))
    other = train.Trainer(options(folder, tmp_path), learn)
    other.start_from(tmp_path / "kept" / "tiny.npz")
    assert other.epoch == 2
    for name, value in trainer.network.state_dict().items():
        if value.is_floating_point():
            assert torch.allclose(value, other.network.state_dict()[name], rtol=1e-3, atol=1e-6)


def test_the_rate_warms_up_stays_and_decays_to_nothing(tiny, folder, tmp_path):
    learn, _ = split_holdout(load(folder, "train"))
    trainer = train.Trainer(options(folder, tmp_path), learn)
    assert trainer.rate(0.1) < train.RATE == trainer.rate(1) == trainer.rate(50)
    trainer.decay_start, trainer.options.decay = 50, 10
    assert trainer.rate(50) == train.RATE and trainer.rate(60) == 0
    assert trainer.rate(52) > trainer.rate(55) > trainer.rate(59.9) > 0


def test_wrong_options_are_refused(tmp_path):
    answer = subprocess.run([sys.executable, "-m", "budgetnet.train", "--out", str(tmp_path)], capture_output=True, text=True, cwd=export.MODELS / "recipe")
    assert answer.returncode == 2 and "--data" in answer.stderr
