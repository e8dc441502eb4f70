"""What every policy says of every image, computed once: the table that gate, predictors and curves are made from."""

import json

import numpy as np
import torch

from .augment import normalise

BATCH = 500


@torch.no_grad()
def logits_of(network, pixels, mean, deviation, mirror=True):
    """Logits float32 [policies, images, classes] of `pixels` uint8 [images, height, width, 3].

    Where a mirror changes no class, the last policy is a second view: the mean of what the whole network says of the images and of
    their mirror images.
    """
    network.eval()

    def said(policy, pixels):
        return torch.cat([network(normalise(part, mean, deviation), policy) for part in pixels.split(BATCH)])

    rows = [said(policy, pixels) for policy in range(len(network.architecture.rungs))]
    if mirror:
        rows.append((rows[-1] + said(len(rows) - 1, pixels.flip(2))) / 2)
    return torch.stack(rows).numpy()


def write_table(folder, split, logits, truth):
    """`SPLIT.logits.bin`: float16, little-endian, [policies, images, classes]; `SPLIT.json`: its shape and the truth."""
    folder.mkdir(parents=True, exist_ok=True)
    policies, images, classes = logits.shape
    (folder / f"{split}.logits.bin").write_bytes(logits.astype("<f2").tobytes())
    header = {"v": 1, "split": split, "policies": policies, "images": images, "classes": classes, "truth": np.asarray(truth).tolist()}
    (folder / f"{split}.json").write_text(json.dumps(header) + "\n")


def read_table(folder, split):
    """What `write_table` wrote: logits float16 [policies, images, classes] and the truth, int64 [images]."""
    header = json.loads((folder / f"{split}.json").read_text())
    shape = (header["policies"], header["images"], header["classes"])
    logits = np.frombuffer((folder / f"{split}.logits.bin").read_bytes(), "<f2").reshape(shape)
    return logits, np.asarray(header["truth"], np.int64)


def remove_smalls(folder, policy):
    """What small networks of `policy`'s size said (small.py)."""
    for file in folder.glob(f"*.small-{policy}.json"):
        file.unlink()
