"""What a trained package says of the images to learn from, for another network to learn as well: distillation, Hinton et al. 2015,
arXiv:1503.02531. On CIFAR-100 it is worth some epochs. The teacher must have learnt from the same images, with the same ones held out.
"""

import hashlib
import json
import sys

import numpy as np
import onnxruntime
import torch

from .places import MODELS

BATCH = 250


def soft_labels(name, learn, folder):
    """Probabilities float16 [2, images, classes] by the whole network of package `name`: of images as they are, and mirrored.

    Computed once for a run, and kept in its `folder`. Raises FileNotFoundError, or ValueError when the package has learnt other
    things, takes images of another size, or is not the one that the run in `folder` began with.
    """
    package = MODELS / "packages" / name
    card = json.loads((package / "model.json").read_text())
    _must_fit(name, card, learn)
    file, key = folder / "teacher.npz", f"{card['digest']} {hashlib.sha256(np.ascontiguousarray(learn.pixels)).hexdigest()}"
    if file.exists():
        with np.load(file) as kept:
            if kept["key"] == key:
                return torch.from_numpy(kept["labels"])
        if any(folder.glob("*.pt")):
            raise ValueError(f"teacher {name}: not the package, or not the images, that this run began with; move {file} away to change it")
    print(f"Asking {name} about {len(learn.labels)} images (once for this run)...", file=sys.stderr)
    whole = max(card["policies"], key=lambda policy: policy["macs"])
    session = onnxruntime.InferenceSession(str(package / whole["file"]))
    labels = np.stack([_probabilities(session, pixels) for pixels in (learn.pixels, learn.pixels[:, :, ::-1])])
    part = folder / "teacher.part.npz"
    np.savez(part, key=key, labels=labels)
    part.replace(file)
    return torch.from_numpy(labels)


def _must_fit(name, card, learn):
    if card["classes"] != learn.classes:
        raise ValueError(f"teacher {name}: has other classes than the data")
    if card["input"]["width"] != learn.pixels.shape[1]:
        raise ValueError(f"teacher {name}: takes images of {card['input']['width']} pixels; expected {learn.pixels.shape[1]}")
    learnt = card["training"].get("learntFrom")
    if learnt != len(learn.labels):
        raise ValueError(f"teacher {name}: has learnt from {learnt} images; the data has {len(learn.labels)}, with others held out")


def _probabilities(session, pixels):
    name = session.get_inputs()[0].name
    parts = [session.run(None, {name: np.ascontiguousarray(pixels[at : at + BATCH])})[0] for at in range(0, len(pixels), BATCH)]
    return torch.from_numpy(np.concatenate(parts)).softmax(1).half().numpy()
