import pickle

import numpy as np
import pytest
from PIL import Image

from budgetnet.data import CIFAR10_CLASSES, load, split_holdout


def test_image_folders_are_read_by_class(folder):
    images = load(folder, "train")
    assert images.pixels.shape == (80, 32, 32, 3) and images.pixels.dtype == np.uint8
    assert images.classes == ["cold", "warm"]
    assert np.bincount(images.labels).tolist() == [40, 40]


def test_images_of_another_size_are_resized(folder):
    Image.new("RGB", (50, 40)).save(folder / "train" / "cold" / "large.jpg")
    assert load(folder, "train", size=16).pixels.shape == (81, 16, 16, 3)


def test_official_archive(tmp_path):
    rows = np.arange(2 * 3072, dtype=np.int64).reshape(2, 3072) % 256
    batch = {b"data": rows.astype(np.uint8), b"labels": [3, 7]}
    (tmp_path / "test_batch").write_bytes(pickle.dumps(batch))
    images = load(tmp_path, "test")
    assert images.labels.tolist() == [3, 7] and images.classes == CIFAR10_CLASSES
    assert images.pixels[0, 0, 1].tolist() == [1, (1024 + 1) % 256, (2048 + 1) % 256]  # planes of red, green, blue


def test_lossless_strips(tmp_path):
    (tmp_path / "test").mkdir()
    for label, name in enumerate(("apple", "bear")):
        strip = np.full((64, 32, 3), 100 * label, np.uint8)
        Image.fromarray(strip).save(tmp_path / "test" / f"{label:02d}-{name}.webp", lossless=True)
    images = load(tmp_path, "test")
    assert images.labels.tolist() == [0, 0, 1, 1] and images.classes == ["apple", "bear"]
    assert images.pixels[3].max() == 100


def test_an_unknown_folder_is_refused_and_the_message_says_what_was_expected(tmp_path):
    with pytest.raises(ValueError, match="expected CIFAR's python archive"):
        load(tmp_path, "train")


def test_the_held_out_split_is_a_tenth_of_each_class_and_always_the_same(folder):
    train = load(folder, "train")
    learn, held = split_holdout(train)
    again = split_holdout(load(folder, "train"))[1]
    assert np.bincount(held.labels).tolist() == [4, 4] and len(learn.labels) == 72
    assert (held.pixels == again.pixels).all()
    seen = {image.tobytes() for image in learn.pixels}
    assert not any(image.tobytes() in seen for image in held.pixels)
