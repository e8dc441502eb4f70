"""Files that training leaves: checkpoints (.pt, everything a run needs to go on) and kept weights (.npz, small enough
to commit).

Kept weights are the raw ones, not the average, which forgets its past within a few epochs anyway. The optimiser's
momentum is not kept.
"""

import numpy as np
import torch

from .settings import Settings, settings_of

STATISTICS_TOLERANCE = 1e-6  # of float32; statistics are sums of integers, so the same images give the same ones
CHECKPOINT = "a checkpoint of budgetnet.train (.pt)"
KEPT = "a file of budgetnet.export --keep (.npz)"
KEPT_SETTINGS = ("full_only_epochs", "architecture", "size", "mirror", "trunk", "teacher")
KEPT_FACTS = ("epoch", "mean", "deviation")
KEPT_LATER = ("cutout",)  # a setting that older files lack


def read_checkpoint(file):
    """What budgetnet.train, or budgetnet.midway, saved in `file`, with its tensors on the CPU, and its settings.

    Raises ValueError when it is another file, or damaged; OSError.
    """
    state = _read(file, CHECKPOINT, lambda opened: torch.load(opened, "cpu", weights_only=True))
    return state, settings_of(file, state)


def _read(file, expected, load):
    """What `load` reads from the opened `file`. Raises ValueError when that is not what was `expected`; OSError."""
    with open(file, "rb") as opened:
        try:
            return load(opened)
        except (OSError, MemoryError):
            raise
        except Exception as error:  # PyTorch and NumPy raise some ten kinds, depending on the file's first bytes
            said = str(error).partition("\n")[0]
            raise ValueError(f"{file}: another kind of file, or damaged ({said}); expected {expected}") from error


def averaged(file):
    """The averaged network of checkpoint `file`, the whole checkpoint, and its settings. The network's batch norms have
    yet to be recalibrated (batchnorm). Raises ValueError, OSError.
    """
    state, settings = read_checkpoint(file)
    network = settings.network(len(state["average"]["head.bias"]))
    network.load_state_dict(state["average"])
    return network, state, settings


def keep(checkpoint, file):
    """Writes what another machine needs to continue training: weights (float16), KEPT_FACTS and settings (.npz).

    It continues at a constant rate, for which the end of a decay is as good a beginning as any: what the decay gained
    comes back with the next decay. Raises ValueError, OSError.
    """
    state, settings = read_checkpoint(checkpoint)
    floats = {name: tensor for name, tensor in state["network"].items() if tensor.is_floating_point()}
    weights = {name: (tensor.half() if tensor.ndim > 1 else tensor).numpy() for name, tensor in floats.items()}
    said = {name: getattr(settings, name) for name in (*KEPT_SETTINGS, *KEPT_LATER)}
    facts = {
        **{name: "" if value is None else value for name, value in said.items()},
        **{name: state[name].numpy() for name in ("mean", "deviation")},
        "epoch": state["epoch"],
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    part = file.with_suffix(".part.npz")
    np.savez_compressed(part, **facts, **weights)
    part.replace(file)


def read_kept(file):
    """What `keep` wrote: weights by name as float32 tensors, settings (seed, arithmetic, rate and decay are not kept), and
    facts: "epoch", and the tensors [3] "mean" and "deviation".

    Raises ValueError when it is another file, or damaged; OSError.
    """
    kept = _read(file, KEPT, lambda opened: dict(np.load(opened)))
    missing = [name for name in (*KEPT_FACTS, *KEPT_SETTINGS) if name not in kept]
    if missing:
        raise ValueError(f"{file}: does not say {', '.join(missing)}; expected {KEPT}")
    known = [name for name in (*KEPT_FACTS, *KEPT_SETTINGS, *KEPT_LATER) if name in kept]
    said = {name: kept[name].item() if kept[name].ndim == 0 else torch.from_numpy(kept[name]) for name in known}
    weights = {name: torch.from_numpy(kept[name].astype(np.float32)) for name in kept if name not in known}
    facts = {name: said.pop(name) for name in KEPT_FACTS}
    return weights, Settings(**{name: None if value == "" else value for name, value in said.items()}), facts


def must_fit(file, found, asked):
    """Raises ValueError when `file`, made with settings `found`, is of another architecture or input size than `asked`,
    or has learnt from mirrored images where `asked` has none, or the other way round.
    """
    if (found.architecture, found.size) != (asked.architecture, asked.size):
        raise ValueError(
            f"{file}: trained as {found.architecture} at size {found.size}; "
            f"expected --architecture {asked.architecture} --size {asked.size}"
        )
    if found.mirror != asked.mirror:
        how = "with" if found.mirror else "without"
        raise ValueError(f"{file}: has learnt {how} mirrored images; ask for the same, or train anew")


def must_have_classes(file, weights, classes):
    """Raises ValueError when the head among `weights` does not have `classes` outputs."""
    found = len(weights["head.bias"])
    if found != classes:
        raise ValueError(f"{file}: trained for {found} classes; the data has {classes}")


def must_have_learnt_from(what, found, mean, deviation):
    """Raises ValueError when `what` learnt from other images (with the `found` "mean" and "deviation") than those with
    this `mean` and `deviation`: tensors [3].

    Adding an image changes the held-out split, which would then contain images that the network has learnt from.
    """
    pairs = ((found["mean"], mean), (found["deviation"], deviation))
    if not all(
        torch.allclose(then.cpu().float(), now.cpu().float(), rtol=0, atol=STATISTICS_TOLERANCE) for then, now in pairs
    ):
        raise ValueError(
            f"{what}: has learnt from other images than those in the data now; expected the same ones, or train anew"
        )
