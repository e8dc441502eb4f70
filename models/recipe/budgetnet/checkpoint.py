"""Files that training leaves: checkpoints (.pt, everything a run needs to go on) and kept weights (.npz, small enough to commit).

Kept weights are the raw ones of a constant phase: the average forgets its past within a few epochs anyway. The optimiser's
momentum is not kept.
"""

import numpy as np
import torch

from .network import ARCHITECTURES, BranchNetwork

SIZE_BEFORE_IT_WAS_STORED = 32
STATISTICS_TOLERANCE = 1e-6  # of float32; statistics are sums of integers, so the same images give the same ones


def size_of(options):
    """Input size in pixels of a checkpoint's `options`."""
    return options.get("size", SIZE_BEFORE_IT_WAS_STORED)


def averaged(file):
    """The averaged network of checkpoint `file`, and the whole checkpoint. Its batch norms are to be recalibrated (batchnorm)."""
    state = torch.load(file, map_location="cpu", weights_only=True)
    options = state["options"]
    classes = len(state["average"]["head.bias"])
    network = BranchNetwork(ARCHITECTURES[options["architecture"]].for_size(size_of(options)), classes)
    network.load_state_dict(state["average"])
    return network, state


def keep(checkpoint, file):
    """Writes what another machine needs to go on with a constant phase: weights (float16), epoch, architecture, size, teacher, mirror (.npz)."""
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    if state["decay_start"] is not None:
        raise ValueError(f"{checkpoint}: weights of a decay cannot be trained on; expected a constant phase's checkpoint")
    floats = {name: tensor for name, tensor in state["network"].items() if tensor.is_floating_point()}
    weights = {name: (tensor.half() if tensor.ndim > 1 else tensor).numpy() for name, tensor in floats.items()}
    options = state["options"]
    file.parent.mkdir(parents=True, exist_ok=True)
    facts = {"epoch": state["epoch"], "architecture": options["architecture"], "size": size_of(options)}
    np.savez_compressed(file, **facts, teacher=options.get("teacher") or "", mirror=options.get("mirror", True), **weights)


def read_kept(file):
    """What `keep` wrote: (weights by name as float32 tensors, {"epoch", "architecture", "size", "teacher", "mirror"})."""
    facts = {"architecture": "resnet", "size": SIZE_BEFORE_IT_WAS_STORED, "teacher": "", "mirror": True}
    weights = {}
    with np.load(file) as kept:
        for name in kept.files:
            if name == "epoch" or name in facts:
                facts[name] = kept[name].item()
            else:
                weights[name] = torch.from_numpy(kept[name].astype(np.float32))
    return weights, facts


def must_fit(file, found, architecture, size):
    """Raises ValueError when `file`, made with options `found`, is of another architecture or input size."""
    if (found["architecture"], size_of(found)) != (architecture, size):
        raise ValueError(
            f"{file}: trained as {found['architecture']} at size {size_of(found)}; expected --architecture {architecture} --size {size}"
        )


def must_mirror_alike(file, found, mirror):
    """Raises ValueError when `file`, made with options `found`, has learnt from mirrored images and this run must not, or the other way."""
    if found.get("mirror", True) != mirror:
        raise ValueError(f"{file}: has learnt {'without' if mirror else 'with'} mirrored images; say so, or train anew")


def must_have_classes(file, weights, classes):
    """Raises ValueError when the head among `weights` does not have `classes` outputs."""
    found = len(weights["head.bias"])
    if found != classes:
        raise ValueError(f"{file}: trained for {found} classes; the data has {classes}")


def must_have_learnt_from(file, state, mean, deviation):
    """Raises ValueError when checkpoint `file` learnt from other images than those of this `mean` and `deviation`, float32 [3].

    Whoever adds an image gets another held-out split, in which there would be images that the network has learnt from.
    """
    found, now = torch.cat([state["mean"], state["deviation"]]), torch.cat([mean, deviation])
    if not torch.allclose(found, now, rtol=0, atol=STATISTICS_TOLERANCE):
        raise ValueError(f"{file}: has learnt from other images than are in the data now; remove it to train anew")
