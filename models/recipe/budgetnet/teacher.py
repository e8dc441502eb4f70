"""What trained packages say of the images to learn from, for another network to learn as well: distillation, Hinton et al. 2015,
arXiv:1503.02531. On CIFAR-100 it is worth some epochs. Teachers must have learnt from the same images, with the same ones held out.
"""

import hashlib
import json
import sys

import numpy as np
import onnxruntime
import torch

from .places import MODELS

BATCH = 250


def soft_labels(names, learn, folder, mirror=True):
    """Probabilities float16 [images, classes]: the mean of what the whole networks of packages `names` (joined by commas) say.

    With `mirror`, of images and of their mirror images: the same for both, as two views are surer than one. Computed once for a
    run, and kept in its `folder`. Raises FileNotFoundError, or ValueError when a package has learnt other things, takes images of
    another size, or is not the one that the run in `folder` began with.
    """
    cards = {name: json.loads((MODELS / "packages" / name / "model.json").read_text()) for name in names.split(",")}
    for name, card in cards.items():
        _must_fit(name, card, learn)
    digests = " ".join(card["digest"] for card in cards.values())
    file, key = folder / "teacher.npz", f"{digests} {mirror} {hashlib.sha256(np.ascontiguousarray(learn.pixels)).hexdigest()}"
    if file.exists():
        with np.load(file) as kept:
            if kept["key"] == key:
                return torch.from_numpy(kept["labels"])
        if any(folder.glob("*.pt")):
            raise ValueError(f"teacher {names}: not the package, or not the images, that this run began with; move {file} away to change it")
    print(f"Asking {names} about {len(learn.labels)} images (once for this run)...", file=sys.stderr)
    views = [learn.pixels, learn.pixels[:, :, ::-1]] if mirror else [learn.pixels]
    sessions = [session_of(MODELS / "packages" / name / _whole(card)["file"]) for name, card in cards.items()]
    labels = np.mean([probabilities(session, pixels) for session in sessions for pixels in views], 0)
    part = folder / "teacher.part.npz"
    np.savez(part, key=key, labels=labels.astype(np.float16))
    part.replace(file)
    return torch.from_numpy(labels.astype(np.float16))


def _whole(card):
    """The policy of the whole network."""
    return max(card["policies"], key=lambda policy: policy["macs"])


def session_of(file):
    return onnxruntime.InferenceSession(str(file))


def _must_fit(name, card, learn):
    if card["classes"] != learn.classes:
        raise ValueError(f"teacher {name}: has other classes than the data")
    if card["input"]["width"] != learn.pixels.shape[1]:
        raise ValueError(f"teacher {name}: takes images of {card['input']['width']} pixels; expected {learn.pixels.shape[1]}")
    learnt = card["training"].get("learntFrom")
    if learnt != len(learn.labels):
        raise ValueError(f"teacher {name}: has learnt from {learnt} images; the data has {len(learn.labels)}, with others held out")


def probabilities(session, pixels):
    """Float32 [images, classes] of `pixels` uint8 [images, height, width, 3]."""
    name = session.get_inputs()[0].name
    parts = [session.run(None, {name: np.ascontiguousarray(pixels[at : at + BATCH])})[0] for at in range(0, len(pixels), BATCH)]
    return torch.from_numpy(np.concatenate(parts)).softmax(1).numpy()
