"""What every policy says of every image, computed once: the table that gate, predictors and curves are made from."""

import json
import math

import numpy as np
import torch

from .augment import normalise

BATCH = 500


@torch.no_grad()
def logits_of(network, pixels, mean, deviation, mirror=True):
    """Logits float32 [policies, images, classes] of `pixels` uint8 [images, height, width, 3].

    With `mirror`, for classes that a mirror does not change, the last policy is a second view: the mean of what the
    whole network says of the images and of their mirror images.
    """
    network.eval()

    def said(policy, pixels):
        return torch.cat([network(normalise(part, mean, deviation), policy) for part in pixels.split(BATCH)])

    rows = [said(policy, pixels) for policy in range(len(network.architecture.rungs))]
    if mirror:
        rows.append((rows[-1] + said(len(rows) - 1, pixels.flip(2))) / 2)
    return torch.stack(rows).numpy()


def write_table(folder, split, logits, truth):
    """Writes `SPLIT.logits.bin`: float16, little-endian, [policies, images, classes]; `SPLIT.json`: its shape and the
    truth.
    """
    folder.mkdir(parents=True, exist_ok=True)
    policies, images, classes = logits.shape
    (folder / f"{split}.logits.bin").write_bytes(logits.astype("<f2").tobytes())
    header = {
        "v": 1,
        "split": split,
        "policies": policies,
        "images": images,
        "classes": classes,
        "truth": np.asarray(truth).tolist(),
    }
    (folder / f"{split}.json").write_text(json.dumps(header) + "\n")


def read_table(folder, split):
    """What `write_table` wrote: logits float16 [policies, images, classes] and the truth, int64 [images]. Raises
    ValueError for anything else.
    """
    shape, truth = _read_header(folder / f"{split}.json")
    file = folder / f"{split}.logits.bin"
    values, expected = file.read_bytes(), 2 * math.prod(shape)
    if len(values) != expected:
        raise ValueError(
            f"{file}: {len(values)} bytes, expected {expected}: float16 [policies, images, classes] = {list(shape)}"
        )
    logits = np.frombuffer(values, "<f2").reshape(shape)
    odd = np.argwhere(~np.isfinite(logits))
    if len(odd):
        policy, image, number = odd[0]
        raise ValueError(
            f"{file}: policy {policy}, image {image} (from 0): {logits[policy, image, number]}, expected a number that float16 holds"
        )
    return logits, truth


def _read_header(file):
    """Policies, images and classes of `SPLIT.json`, and the truth, int64 [images]."""
    try:
        header = json.loads(file.read_text())
        shape, truth = tuple(header[name] for name in ("policies", "images", "classes")), header["truth"]
    except (json.JSONDecodeError, KeyError, TypeError):
        raise ValueError(
            f"{file}: expected policies, images, classes and truth, as write_table of outcomes.py writes them"
        ) from None
    if not all(isinstance(size, int) and size > 0 for size in shape):
        raise ValueError(f"{file}: expected numbers of policies, images and classes, found {list(shape)}")
    _, images, classes = shape
    if (
        not isinstance(truth, list)
        or len(truth) != images
        or not all(isinstance(label, int) and 0 <= label < classes for label in truth)
    ):
        raise ValueError(f"{file}: expected truth to be {images} indices of classes, 0 to {classes - 1}")
    return shape, np.asarray(truth, np.int64)


def remove_smalls(folder, policy):
    """Removes what small networks of `policy`'s size said (small.py)."""
    for file in folder.glob(f"*.small-{policy}.json"):
        file.unlink()
