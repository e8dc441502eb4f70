"""What trained packages say of the images to learn from, for another network to learn as well: distillation, Hinton et
al. 2015, arXiv:1503.02531. On CIFAR-100 it is worth some epochs. Teachers must have learnt from the same images, with
the same ones held out.
"""

import hashlib
import json
import sys

import numpy as np
import onnxruntime
import torch
import torch.nn.functional as F

from .checkpoint import must_have_learnt_from
from .data import statistics
from .graph import WEIGHTS_FILE, statistics_in
from .places import MODELS

BATCH = 250
TEMPERATURE = 4  # at 1, a teacher says little but the labels of images that it knows by heart
LEAST = 1e-7  # smallest probability: float16 makes 0 of less


def soft_labels(names, learn, folder, mirror=True):
    """Probabilities float16 [images, classes]: the mean of what the whole networks of packages `names` (joined by
    commas) say.

    With `mirror`, of images and of their mirror images: the same for both, as two views are surer than one. Computed
    once per run, and kept in its `folder`. Raises FileNotFoundError, or ValueError when a package has learnt other
    things, takes images of another size, or is not the one that the run in `folder` began with.
    """
    cards = {name: json.loads((MODELS / "packages" / name / "model.json").read_text()) for name in names.split(",")}
    packages = {name: MODELS / "packages" / name for name in cards}
    for name, card in cards.items():
        _must_fit(name, card, learn)
        must_know(packages[name], card["policies"], learn)
    learnt = " ".join(_digest(packages[name], card["policies"]) for name, card in cards.items())
    file, key = (
        folder / "teacher.npz",
        f"{learnt} {mirror} {hashlib.sha256(np.ascontiguousarray(learn.pixels)).hexdigest()}",
    )
    if file.exists():
        with np.load(file) as kept:
            if kept["key"] == key:
                return torch.from_numpy(kept["labels"])
        if any(folder.glob("*.pt")):
            raise ValueError(
                f"teacher {names}: not the packages or not the images that this run began with; move {file} away to change it"
            )
    print(f"Asking {names} about {len(learn.labels)} images (once for this run)...", file=sys.stderr)
    labels = np.mean(
        [what_it_says(packages[name], card["policies"], learn.pixels, mirror) for name, card in cards.items()], 0
    )
    part = folder / "teacher.part.npz"
    np.savez(part, key=key, labels=labels.astype(np.float16))
    part.replace(file)
    return torch.from_numpy(labels.astype(np.float16))


def softened(labels):
    """Probabilities float32 [images, classes] that the logits divided by TEMPERATURE would give; `labels` are those
    that the logits give.
    """
    soft = labels.float().clamp_min(LEAST).pow(1 / TEMPERATURE)
    return soft / soft.sum(1, keepdim=True)


def loss_by(logits, taught):
    """How far `logits` are from `softened` labels: 0 if they say the same. Its gradients are as large as those of
    labels, whatever the temperature (Hinton et al. 2015, section 2).
    """
    return TEMPERATURE**2 * F.kl_div((logits / TEMPERATURE).log_softmax(1), taught, reduction="batchmean")


def what_it_says(package, policies, pixels, mirror=True):
    """Probabilities float32 [images, classes] by the whole network of folder `package`: of `pixels` or, with `mirror`,
    the mean of both views. `policies` as in its card.
    """
    session = onnxruntime.InferenceSession(str(package / whole(policies)))
    return np.mean(
        [_probabilities(session, view) for view in ([pixels, pixels[:, :, ::-1]] if mirror else [pixels])], 0
    )


def whole(policies):
    """The file with the graph of the whole network, among the card's `policies`."""
    return max(policies, key=lambda policy: policy["macs"])["file"]


def must_know(folder, policies, learn):
    """Raises ValueError when the network in `folder` learnt from other images than `learn`: then it knows some that are
    now held out.
    """
    found = dict(zip(("mean", "deviation"), map(torch.from_numpy, statistics_in(folder / whole(policies)))))
    must_have_learnt_from(folder, found, *map(torch.from_numpy, statistics(learn.pixels)))


def _digest(package, policies):
    """Digest of the whole network alone: a package's look and agent may change meanwhile."""
    parts = [(package / name).read_bytes() for name in (whole(policies), WEIGHTS_FILE)]
    return hashlib.sha256(b"".join(parts)).hexdigest()


def _must_fit(name, card, learn):
    if card["classes"] != learn.classes:
        raise ValueError(f"teacher {name}: has other classes than the data")
    if card["input"]["width"] != learn.pixels.shape[1]:
        raise ValueError(
            f"teacher {name}: takes images of {card['input']['width']} pixels; expected {learn.pixels.shape[1]}"
        )


def _probabilities(session, pixels):
    name = session.get_inputs()[0].name
    parts = [
        session.run(None, {name: np.ascontiguousarray(pixels[at : at + BATCH])})[0]
        for at in range(0, len(pixels), BATCH)
    ]
    return torch.from_numpy(np.concatenate(parts)).softmax(1).numpy()
