import json
import sys

import numpy as np
import onnxruntime
import pytest
import torch
from conftest import DEVIATION, MEAN
from test_cost import counting

from budgetnet import cost, export, look, train
from budgetnet.data import load, split_holdout, statistics
from budgetnet.graph import look_graph
from budgetnet.network import STEM_STRIDES
from budgetnet.outcomes import read_table


@pytest.mark.parametrize("size", sorted(STEM_STRIDES))
def test_a_look_costs_what_a_real_run_multiplies_and_about_a_hundredth_of_a_network(monkeypatch, size):
    made = look.Look(10, STEM_STRIDES[size]).eval()
    with counting(monkeypatch) as counted:
        made(torch.zeros(1, 3, size, size))
    assert cost.look_macs(made, size, size) == sum(macs for macs, _ in counted) < 0.012 * 111e6
    assert cost.look_parameters(made) == sum(parameter.numel() for parameter in made.parameters())


def test_macs_as_counted_by_hand():
    convolutions = 16 * 16 * 27 * 16 + 8 * 8 * 9 * 16 * 32 + 4 * 4 * 9 * 32 * 64 + 4 * 4 * 9 * 64 * 64
    assert cost.look_macs(look.Look(10), 32, 32) == convolutions + 64 * 10


@pytest.mark.parametrize("size", sorted(STEM_STRIDES))
def test_its_graph_gives_its_logits(tiny, size):
    torch.manual_seed(1)
    made, pixels = look.Look(5, STEM_STRIDES[size]).eval(), torch.randint(0, 256, (9, size, size, 3), dtype=torch.uint8)
    for parameter in made.parameters():
        parameter.data = parameter.data.half().float()
    session = onnxruntime.InferenceSession(
        look_graph(made, MEAN.numpy(), DEVIATION.numpy(), size, size).SerializeToString()
    )
    said = session.run(None, {"pixels": pixels.numpy()})[0]
    assert np.abs(said - look.look_logits(made, pixels.numpy(), MEAN, DEVIATION)).max() < 1e-3


@pytest.fixture
def exported(tiny, folder, tmp_path, monkeypatch):
    """A package of the tiny network with test tables, and its look; returns the folder of models."""
    for module in (export, look):
        monkeypatch.setattr(module, "MODELS", tmp_path / "models")
    out = ["--data", str(folder), "--out", str(tmp_path / "run"), "--architecture", "tiny"]
    for module, arguments in (
        (train, [*out, "--epochs", "1"]),
        (train, [*out, "--decay", "1"]),
        (
            export,
            ["--data", str(folder), "--checkpoint", str(tmp_path / "run" / "decay.pt"), "--name", "tiny", "--test"],
        ),
    ):
        monkeypatch.setattr(sys, "argv", [module.__name__, *arguments])
        module.main()
    return tmp_path / "models"


def facts_of(models):
    tables = models / "outcomes" / "tiny"
    draft = json.loads((tables / "draft.json").read_text())
    check = json.loads((models / "packages" / "tiny" / "check.json").read_text())
    return draft, check, {split: read_table(tables, split) for split in ("holdout", "test")}


def test_a_package_is_looked_at_first_and_another_look_takes_its_place(exported, folder, monkeypatch):
    draft, check, tables = facts_of(exported)
    first = draft["policies"][0]
    assert (first["id"], first["look"], first["widths"]) == ("look", True, [0, 0, 0])
    rungs = len(draft["policies"])
    assert len(check["logits"]) == rungs and len(check["values"]) == rungs - 1
    for split, (logits, truth) in tables.items():
        assert len(logits) == rungs
        assert draft["results"][split][0] == round(float((logits[0].argmax(1) == truth).mean()), 5)
    arguments = ["look", "--data", str(folder), "--name", "tiny", "--version", "1.1.0", "--seed", "7"]
    monkeypatch.setattr(sys, "argv", arguments)
    look.main()
    again, checked, found = facts_of(exported)
    assert again["version"] == "1.1.0" and again["policies"] == draft["policies"]
    for split, (logits, _) in found.items():
        assert np.array_equal(logits[1:], tables[split][0][1:]) and not np.array_equal(logits[0], tables[split][0][0])
    assert checked["logits"][1:] == check["logits"][1:] and checked["logits"][0] != check["logits"][0]


def test_other_images_than_the_tables_are_refused_and_nothing_is_written(exported, folder):
    learn, held = split_holdout(load(str(folder), "train"))
    tables, package = exported / "outcomes" / "tiny", exported / "packages" / "tiny"
    other = type(held)(held.pixels, 1 - held.labels, held.classes)
    before = facts_of(exported)
    for wrong in ((other, held), (held, other), (held, None)):
        with pytest.raises(ValueError, match="holds other images than those in the data"):
            look.add_look(package, tables, learn, *wrong)
    swapped = type(held)(255 - learn.pixels, learn.labels, learn.classes)
    with pytest.raises(ValueError, match="has learnt from other images"):
        look.add_look(package, tables, swapped, held, held)
    after = facts_of(exported)
    assert after[:2] == before[:2]
    for split, (logits, _) in after[2].items():
        assert np.array_equal(logits, before[2][split][0])


def test_it_learns_to_tell_the_classes_apart(tiny, folder, monkeypatch):
    monkeypatch.setattr(look, "EPOCHS", 30)
    learn, held = split_holdout(load(str(folder), "train"))
    soft = np.eye(2, dtype=np.float16)[learn.labels]
    made = look.train_look(learn, soft, mirror=True)
    logits = look.look_logits(made, held.pixels, *(torch.from_numpy(v).float() for v in statistics(learn.pixels)))
    assert (logits.argmax(1) == held.labels).mean() >= 0.75


def test_it_learns_more_from_soft_labels_than_from_labels(tiny, folder, monkeypatch):
    monkeypatch.setattr(look, "EPOCHS", 30)
    learn, held = split_holdout(load(str(folder), "train"))
    made = look.train_look(learn, np.eye(2, dtype=np.float16)[1 - learn.labels], mirror=True)
    logits = look.look_logits(made, held.pixels, *(torch.from_numpy(v).float() for v in statistics(learn.pixels)))
    assert (logits.argmax(1) == held.labels).mean() <= 0.25


def test_a_look_learns_from_the_images_to_learn_from_what_the_package_says_of_each(made_models, folder, monkeypatch):
    learn, held = split_holdout(load(str(folder), "train"))
    monkeypatch.setattr(look, "what_it_says", lambda package, policies, pixels, mirror: pixels[:, 0, 0, :2] / 255)

    def train_look(images, soft, *_):
        assert np.array_equal(images.pixels, learn.pixels)
        assert np.array_equal(soft, (learn.pixels[:, 0, 0, :2] / 255).astype(np.float16))
        raise KeyboardInterrupt

    monkeypatch.setattr(look, "train_look", train_look)
    with pytest.raises(KeyboardInterrupt):
        look.add_look(made_models / "packages" / "mine", made_models / "outcomes" / "mine", learn, held, None)


def test_the_table_of_a_look_is_what_its_graph_says(made_models, folder):
    _, held, _ = export.load_all(folder, 32, tested=False)
    session = onnxruntime.InferenceSession(str(made_models / "packages" / "mine" / look.LOOK_FILE))
    said = session.run(None, {"pixels": held.pixels})[0]
    assert np.allclose(said, read_table(made_models / "outcomes" / "mine", "holdout")[0][0], rtol=2e-3, atol=2e-3)
