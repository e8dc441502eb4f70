import os
import sys
from dataclasses import replace

os.environ["CUDA_VISIBLE_DEVICES"] = ""  # before PyTorch looks: equal weights after a resume are promised only on CPUs

import numpy as np
import pytest
import torch
from PIL import Image

from budgetnet import augment, export, learn, look, make, network, small, train, trainer
from budgetnet.batchnorm import recalibrate
from budgetnet.data import load, split_holdout
from budgetnet.network import round_weights
from budgetnet.settings import Settings

MEAN, DEVIATION = torch.tensor([0.5, 0.4, 0.3]), torch.tensor([0.2, 0.3, 0.25])


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Tensors are tiny: more threads would only wait for one another."""
    torch.set_num_threads(1)


@pytest.fixture
def tiny(monkeypatch):
    """A network of two stages and three policies, registered as "tiny", and a schedule of few steps."""
    stages, rungs = ((16, (16,)), (32, (32, 32))), ((0, 16, 0), (16, 16, 16), (16, 32, 32))
    architecture = replace(network.RESNET, name="tiny", stem=16, stages=stages, rungs=rungs)
    monkeypatch.setitem(network.ARCHITECTURES, "tiny", architecture)
    monkeypatch.setattr(augment, "BATCH", 20)
    monkeypatch.setattr(train, "FULL_ONLY_EPOCHS", 1)
    monkeypatch.setattr(train, "SAVE_SECONDS", 0)
    for module in (trainer, small):
        monkeypatch.setattr(module, "SAMPLING", (0.6, 0.4))
    monkeypatch.setattr(learn, "STEPS", 5)
    monkeypatch.setattr(look, "EPOCHS", 10)
    return architecture


@pytest.fixture(params=["convolutions", "paths"])
def each(tiny, request):
    """A tiny network of each kind of block."""
    if request.param == "convolutions":
        return tiny
    stages, rungs = ((32, (32, 32)), (64, (64, 64))), ((1, 0, 0, 1), (1, 1, 2, 1), (2, 2, 2, 2))
    return replace(network.RESNEXT29, name="tiny-paths", paths=2, stages=stages, rungs=rungs)


@pytest.fixture
def folder(tmp_path):
    """An image folder per class: two classes of 40 training and 5 test images, told apart by their colour."""
    random = np.random.default_rng(0)
    for split, count in (("train", 40), ("test", 5)):
        for label, name in enumerate(("cold", "warm")):
            place = tmp_path / "data" / split / name
            place.mkdir(parents=True)
            for i in range(count):
                pixels = random.integers(0, 120, (32, 32, 3), np.uint8)
                pixels[..., 2 - 2 * label] += 120
                Image.fromarray(pixels).save(place / f"{i:02d}.png")
    return tmp_path / "data"


@pytest.fixture(name="learn")  # a module here is called so
def images_to_learn(folder):
    """The training images of the folder, without those held out."""
    return split_holdout(load(str(folder), "train"))[0]


@pytest.fixture
def settings(tiny):
    """Settings of the tiny network, as the command line would give them."""
    return Settings(architecture="tiny", full_only_epochs=train.FULL_ONLY_EPOCHS)


def measured(architecture, size=32):
    """A network with random weights, rounded and recalibrated, and the images that were used for it."""
    torch.manual_seed(3)
    made = network.BranchNetwork(architecture, 5)
    for parameter in made.parameters():
        if parameter.ndim == 1:
            torch.nn.init.uniform_(parameter, 0.5, 1.5)
    pixels = torch.randint(0, 256, (64, size, size, 3), dtype=torch.uint8)
    round_weights(made)
    recalibrate(made, pixels, MEAN, DEVIATION)
    return made, pixels


@pytest.fixture
def made_models(tiny, folder, tmp_path, monkeypatch):
    """A package of the tiny network after two epochs."""
    for module in (make, export):
        monkeypatch.setattr(module, "MODELS", tmp_path / "models")
    monkeypatch.setattr(make, "has_bf16", lambda: False)
    monkeypatch.setattr(sys, "argv", ["make", "--data", str(folder), "--name", "mine", "--architecture", "tiny"])
    monkeypatch.setattr(make, "schedule", lambda *_: {"constant": 1, "decay": 1, "fullOnly": 0})
    make.main()
    return tmp_path / "models"
