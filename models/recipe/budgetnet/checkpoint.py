"""Files that training leaves: checkpoints (.pt, everything a run needs to go on) and kept weights (.npz, small enough
to commit).

Kept weights are the raw ones, not the average, which forgets its past within a few epochs anyway. The optimiser's
momentum is not kept.
"""

import numpy as np
import torch

from .network import ARCHITECTURES, BranchNetwork

SIZE_BEFORE_IT_WAS_STORED = 32
STATISTICS_TOLERANCE = 1e-6  # of float32; statistics are sums of integers, so the same images give the same ones
KEPT_LATER = {"cutout": 0}  # facts that older files do not say, and what they mean by that
KEPT_FACTS = ("epoch", "full_only_epochs", "architecture", "size", "mirror", "trunk", "teacher", "mean", "deviation")


def size_of(options):
    """Input size in pixels of a checkpoint's `options`."""
    return options.get("size", SIZE_BEFORE_IT_WAS_STORED)


def averaged(file):
    """The averaged network of checkpoint `file`, and the whole checkpoint. Its batch norms are to be recalibrated
    (batchnorm).
    """
    state = torch.load(file, map_location="cpu", weights_only=True)
    options = state["options"]
    classes = len(state["average"]["head.bias"])
    network = BranchNetwork(ARCHITECTURES[options["architecture"]].for_size(size_of(options)), classes)
    network.load_state_dict(state["average"])
    return network, state


def keep(checkpoint, file):
    """Writes what another machine needs to go on training: weights (float16), KEPT_FACTS and KEPT_LATER (.npz).

    At a constant rate, of which a decay's end is as good a beginning as any: what it gained comes back with the next
    decay.
    """
    state = torch.load(checkpoint, map_location="cpu", weights_only=True)
    floats = {name: tensor for name, tensor in state["network"].items() if tensor.is_floating_point()}
    weights = {name: (tensor.half() if tensor.ndim > 1 else tensor).numpy() for name, tensor in floats.items()}
    options = state["options"]
    facts = {
        **{name: options.get(name) or "" for name in ("trunk", "teacher")},
        **{name: options[name] for name in ("architecture", "full_only_epochs")},
        **{name: state[name].numpy() for name in ("mean", "deviation")},
        **{name: options.get(name, unsaid) for name, unsaid in KEPT_LATER.items()},
        "epoch": state["epoch"],
        "size": size_of(options),
        "mirror": options.get("mirror", True),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part.npz")
    np.savez_compressed(part, **facts, **weights)
    part.replace(file)


def read_kept(file):
    """What `keep` wrote: (weights by name as float32 tensors, facts by name: numbers, texts, tensors [3]).

    Raises ValueError when it is another file.
    """
    with np.load(file) as kept:
        missing = [name for name in KEPT_FACTS if name not in kept.files]
        if missing:
            raise ValueError(f"{file}: does not say {', '.join(missing)}; expected a file of budgetnet.export --keep")
        known = [name for name in (*KEPT_FACTS, *KEPT_LATER) if name in kept.files]
        facts = {name: kept[name].item() if kept[name].ndim == 0 else torch.from_numpy(kept[name]) for name in known}
        weights = {name: torch.from_numpy(kept[name].astype(np.float32)) for name in kept.files if name not in known}
    return weights, {**KEPT_LATER, **facts}


def must_fit(file, found, architecture, size):
    """Raises ValueError when `file`, made with options `found`, is of another architecture or input size."""
    if (found["architecture"], size_of(found)) != (architecture, size):
        raise ValueError(
            f"{file}: trained as {found['architecture']} at size {size_of(found)}; expected --architecture {architecture} --size {size}"
        )


def must_mirror_alike(file, found, mirror):
    """Raises ValueError when `file`, made with options `found`, has learnt from mirrored images and this run must not,
    or the other way.
    """
    if found.get("mirror", True) != mirror:
        raise ValueError(f"{file}: has learnt {'without' if mirror else 'with'} mirrored images; say so, or train anew")


def must_have_classes(file, weights, classes):
    """Raises ValueError when the head among `weights` does not have `classes` outputs."""
    found = len(weights["head.bias"])
    if found != classes:
        raise ValueError(f"{file}: trained for {found} classes; the data has {classes}")


def must_have_learnt_from(what, found, mean, deviation):
    """Raises ValueError when `what` learnt from other images (their `found` "mean" and "deviation") than those of this
    `mean` and `deviation`: tensors [3].

    Whoever adds an image gets another held-out split, in which there would be images that the network has learnt from.
    """
    pairs = ((found["mean"], mean), (found["deviation"], deviation))
    if not all(
        torch.allclose(then.cpu().float(), now.cpu().float(), rtol=0, atol=STATISTICS_TOLERANCE) for then, now in pairs
    ):
        raise ValueError(
            f"{what}: has learnt from other images than are in the data now; expected the same ones, or train anew"
        )
