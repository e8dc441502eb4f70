import json
import sys

import numpy as np
import pytest
import torch

from budgetnet import checkpoint, export, teacher, train
from budgetnet.data import load, split_holdout
from budgetnet.outcomes import logits_of


@pytest.fixture
def package(tiny, options, tmp_path, monkeypatch):
    """A package of the tiny network, as `npm run seal` leaves it but for the agent; returns its folder."""
    for module in (export, teacher):
        monkeypatch.setattr(module, "MODELS", tmp_path / "models")
    out = ["--data", options.data, "--out", str(tmp_path / "other"), "--architecture", "tiny"]
    for more in (["--epochs", "1"], ["--decay", "1"]):
        monkeypatch.setattr(sys, "argv", ["train", *out, *more])
        train.main()
    options.checkpoint, options.name, options.version = str(tmp_path / "other" / "decay.pt"), "tiny", "1.0.0"
    options.test, options.keep = False, None
    export.export_checkpoint(options)
    folder = tmp_path / "models" / "packages" / "tiny"
    draft = json.loads((tmp_path / "models" / "outcomes" / "tiny" / "draft.json").read_text())
    (folder / "model.json").write_text(json.dumps({**draft, "digest": "sha256:1"}))
    return folder


@pytest.fixture
def learn(options):
    return split_holdout(load(options.data, "train"))[0]


def test_soft_labels_are_what_the_whole_network_says_of_images_and_of_their_mirror_images(package, options, learn, tmp_path):
    labels = teacher.soft_labels("tiny", learn, tmp_path)
    network, state = export.averaged(options.checkpoint)
    export.round_weights(network)
    export.recalibrate(network, torch.from_numpy(learn.pixels), state["mean"], state["deviation"])
    for found, pixels in zip(labels, (learn.pixels, learn.pixels[:, :, ::-1].copy())):
        logits = logits_of(network, torch.from_numpy(pixels), state["mean"], state["deviation"])[-2]
        assert np.allclose(found.float(), torch.from_numpy(logits).softmax(1), atol=2e-3)


def test_soft_labels_are_computed_once_for_a_run_and_anew_for_another_package(package, learn, tmp_path, monkeypatch):
    first = teacher.soft_labels("tiny", learn, tmp_path)
    monkeypatch.setattr(teacher, "_probabilities", lambda _, pixels: np.zeros((len(pixels), 2), np.float16))
    assert torch.equal(teacher.soft_labels("tiny", learn, tmp_path), first)
    card = json.loads((package / "model.json").read_text())
    (package / "model.json").write_text(json.dumps({**card, "digest": "sha256:2"}))
    assert not teacher.soft_labels("tiny", learn, tmp_path).any()


def test_a_run_that_has_begun_refuses_another_package_of_the_name_and_the_same_images_in_another_order(package, learn, tmp_path):
    teacher.soft_labels("tiny", learn, tmp_path)
    (tmp_path / "constant.pt").touch()
    with pytest.raises(ValueError, match="not the images, that this run began with; move .*teacher.npz away"):
        teacher.soft_labels("tiny", learn.take(np.arange(len(learn.labels))[::-1]), tmp_path)
    card = json.loads((package / "model.json").read_text())
    (package / "model.json").write_text(json.dumps({**card, "digest": "sha256:2"}))
    with pytest.raises(ValueError, match="not the package"):
        teacher.soft_labels("tiny", learn, tmp_path)


OTHERS = [
    ("classes", ["hot", "cold"], "other classes"),
    ("input", {"width": 64}, "64 pixels; expected 32"),
    ("training", {"learntFrom": 71}, "learnt from 71 images; the data has 72"),
]


@pytest.mark.parametrize("field, value, told", OTHERS)
def test_a_teacher_of_other_classes_sizes_or_images_is_refused(package, learn, tmp_path, field, value, told):
    card = json.loads((package / "model.json").read_text())
    (package / "model.json").write_text(json.dumps({**card, field: value}))
    with pytest.raises(ValueError, match=told):
        teacher.soft_labels("tiny", learn, tmp_path)


def test_each_image_learns_its_own_soft_label_mirrored_when_it_is(package, options, learn, tmp_path):
    options.teacher = "tiny"
    trainer = train.begin(options, learn, tmp_path, tmp_path / "constant.pt")
    soft = trainer.taught.float()
    _, index, mirrored, _ = next(train.batches(trainer.pixels, 0, 1, trainer.flips))
    assert mirrored.any() and not mirrored.all()
    right = torch.stack([soft[int(flag), image] for flag, image in zip(mirrored, index)])
    certain = right.clamp_min(1e-4).log()  # logits that say just what the teacher says
    least = trainer.full_loss(certain, index, mirrored)
    assert least < trainer.full_loss(certain.roll(1, 0), index, mirrored)
    assert least != train.Trainer(options, learn).full_loss(certain, index, mirrored)


def test_a_run_goes_on_with_its_teacher_and_the_card_names_it(package, options, learn, tmp_path):
    (tmp_path / "run").mkdir()
    constant = tmp_path / "run" / "constant.pt"
    options.teacher = "tiny"
    train.begin(options, learn, tmp_path / "run", constant).save(constant)
    checkpoint.keep(constant, tmp_path / "kept.npz")
    options.teacher = None
    resumed = train.begin(options, learn, tmp_path / "run", constant)
    assert resumed.taught is not None
    (tmp_path / "bare").mkdir()
    options.teacher, options.start = None, tmp_path / "kept.npz"
    assert train.begin(options, learn, tmp_path / "bare", tmp_path / "bare" / "constant.pt").taught is not None
    assert export.training({"options": vars(resumed.options), "epoch": 0}, learn, learn)["teacher"] == "tiny"
