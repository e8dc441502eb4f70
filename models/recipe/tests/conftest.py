from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from budgetnet import network, train


@pytest.fixture
def tiny(monkeypatch):
    """A network of two stages and three policies, registered as "tiny", and a schedule of few steps."""
    architecture = replace(network.RESNET, name="tiny", stem=16, stages=((16, (16,)), (32, (32, 32))), rungs=((0, 16, 0), (16, 16, 16), (16, 32, 32)))
    monkeypatch.setitem(network.ARCHITECTURES, "tiny", architecture)
    monkeypatch.setattr(train, "BATCH", 20)
    monkeypatch.setattr(train, "FULL_ONLY_EPOCHS", 1)
    monkeypatch.setattr(train, "SAMPLING", (0.6, 0.4))
    return architecture


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
