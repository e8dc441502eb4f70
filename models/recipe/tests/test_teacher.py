import json
import sys
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch

from budgetnet import augment, checkpoint, export, teacher, train
from budgetnet.data import Images
from budgetnet.network import round_weights
from budgetnet.outcomes import logits_of
from budgetnet.trainer import Trainer


@pytest.fixture
def package(tiny, folder, tmp_path, monkeypatch):
    """A package of the tiny network, as `npm run seal` leaves it but for the agent; returns its folder."""
    for module in (export, teacher):
        monkeypatch.setattr(module, "MODELS", tmp_path / "models")
    out = ["--data", str(folder), "--out", str(tmp_path / "other"), "--architecture", "tiny"]
    for more in (["--epochs", "1"], ["--decay", "1"]):
        monkeypatch.setattr(sys, "argv", ["train", *out, *more])
        train.main()
    file, images = tmp_path / "other" / "decay.pt", lambda size: export.load_all(folder, size, tested=False)
    export.export_checkpoint(file, "tiny", "1.0.0", images)
    made = tmp_path / "models" / "packages" / "tiny"
    draft = json.loads((tmp_path / "models" / "outcomes" / "tiny" / "draft.json").read_text())
    (made / "model.json").write_text(json.dumps({**draft, "digest": "sha256:1"}))
    return made


@pytest.mark.parametrize("mirror", [True, False])
def test_soft_labels_are_the_mean_of_what_whole_networks_say_of_images_and_of_their_mirror_images(
    package, learn, tmp_path, mirror
):
    labels = teacher.soft_labels("tiny,tiny", learn, tmp_path, mirror)
    network, state, _ = export.averaged(tmp_path / "other" / "decay.pt")
    round_weights(network)
    export.recalibrate(network, torch.from_numpy(learn.pixels), state["mean"], state["deviation"])
    views = [learn.pixels, learn.pixels[:, :, ::-1].copy()] if mirror else [learn.pixels]
    logits = [logits_of(network, torch.from_numpy(view), state["mean"], state["deviation"])[-2] for view in views]
    expected = torch.stack([torch.from_numpy(one).softmax(1) for one in logits]).mean(0)
    assert labels.shape == (72, 2) and torch.allclose(labels.float(), expected, atol=2e-3)


def trained_anew(package):
    """As if the package had other weights."""
    with (package / "weights.bin").open("ab") as file:
        file.write(b"other")


def test_soft_labels_are_computed_once_for_a_run_and_anew_for_another_package(package, learn, tmp_path, monkeypatch):
    first = teacher.soft_labels("tiny", learn, tmp_path)
    monkeypatch.setattr(teacher, "_probabilities", lambda _, pixels: np.zeros((len(pixels), 2), np.float32))
    card = json.loads((package / "model.json").read_text())
    (package / "model.json").write_text(json.dumps({**card, "digest": "sha256:2"}))  # only another look or agent
    assert torch.equal(teacher.soft_labels("tiny", learn, tmp_path), first)
    trained_anew(package)
    assert not teacher.soft_labels("tiny", learn, tmp_path).any()


def test_a_run_that_has_begun_refuses_another_package_of_the_name_and_the_same_images_in_another_order(
    package, learn, tmp_path
):
    teacher.soft_labels("tiny", learn, tmp_path)
    (tmp_path / "constant.pt").touch()
    with pytest.raises(ValueError, match="not the images that this run began with; move .*teacher.npz away"):
        teacher.soft_labels("tiny", learn.take(np.arange(len(learn.labels))[::-1]), tmp_path)
    trained_anew(package)
    with pytest.raises(ValueError, match="not the package"):
        teacher.soft_labels("tiny", learn, tmp_path)


OTHERS = [
    ("classes", ["hot", "cold"], "other classes"),
    ("input", {"width": 64}, "64 pixels; expected 32"),
]


@pytest.mark.parametrize("field, value, told", OTHERS)
def test_a_teacher_of_other_classes_or_sizes_is_refused(package, learn, tmp_path, field, value, told):
    card = json.loads((package / "model.json").read_text())
    (package / "model.json").write_text(json.dumps({**card, field: value}))
    with pytest.raises(ValueError, match=told):
        teacher.soft_labels("tiny", learn, tmp_path)


def test_a_teacher_that_has_learnt_from_as_many_other_images_is_refused(package, learn, tmp_path):
    other = Images(255 - learn.pixels, learn.labels, learn.classes)
    with pytest.raises(ValueError, match="has learnt from other images"):
        teacher.soft_labels("tiny", other, tmp_path)


def test_a_teacher_whose_images_cannot_be_told_from_its_graph_is_refused(package, learn, tmp_path):
    file = package / teacher.whole(json.loads((package / "model.json").read_text())["policies"])
    model = onnx.load(file, load_external_data=False)
    next(node for node in model.graph.node if node.op_type == "Mul").op_type = "Div"
    onnx.save(model, file)
    with pytest.raises(ValueError, match=f"{file.name}: does not begin with a Mul by colour"):
        teacher.soft_labels("tiny", learn, tmp_path)


def test_softened_labels_are_those_of_cooler_logits_and_to_say_the_same_costs_nothing():
    logits = torch.tensor([[8.0, 2.0, -3.0], [0.0, 1.0, 2.0]])
    taught = teacher.softened(logits.softmax(1).half())
    torch.testing.assert_close(taught, (logits / teacher.TEMPERATURE).softmax(1), atol=1e-3, rtol=0)
    assert abs(teacher.loss_by(logits + 5, taught)) < 1e-4
    assert teacher.loss_by(logits.flip(1), taught) > 1
    never = teacher.softened(torch.tensor([[1.0, 0.0, 0.0]]).half())
    assert (never > 0).all()


def test_each_image_learns_its_own_soft_label(package, settings, learn, tmp_path):
    trainer = train.begin(replace(settings, teacher="tiny"), learn, tmp_path)
    _, index, _ = next(augment.batches(trainer.pixels, 0, 1, trainer.flips))
    certain = trainer.taught[index].log() * teacher.TEMPERATURE  # logits that say just what the teacher says
    least = trainer.full_loss(certain, index)
    assert least < trainer.full_loss(certain.roll(1, 0), index)
    assert least != Trainer(settings, learn).full_loss(certain, index)


def test_a_run_goes_on_with_its_teacher_and_the_card_names_it(package, settings, learn, tmp_path):
    for name in ("run", "bare"):
        (tmp_path / name).mkdir()
    constant = tmp_path / "run" / "constant.pt"
    train.begin(replace(settings, teacher="tiny"), learn, tmp_path / "run").save(constant)
    checkpoint.keep(constant, tmp_path / "kept.npz")
    resumed = train.begin(settings, learn, tmp_path / "run")
    assert resumed.taught is not None
    assert train.begin(settings, learn, tmp_path / "bare", tmp_path / "kept.npz").taught is not None
    assert export.training(resumed.settings, 0, 0, 0)["teacher"] == "tiny"


def test_gradients_by_a_teacher_are_as_large_as_those_by_labels():
    says = torch.tensor([[0.2, -0.1, -0.1], [0.0, 0.3, -0.3]], requires_grad=True)
    teaches = torch.tensor([[-0.2, 0.3, -0.1], [0.1, 0.1, -0.2]])
    teacher.loss_by(says, teacher.softened(teaches.softmax(1))).backward()
    torch.testing.assert_close(says.grad, (says.detach() - teaches) / 3 / 2, rtol=0.1, atol=2e-3)
