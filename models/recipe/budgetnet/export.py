"""Exports a checkpoint as a model package, and what its policies say of images the network did not learn from.

`python -m budgetnet.export --data FOLDER --checkpoint FILE --name NAME --version 1.0.0` writes models/packages/NAME
and, into models/outcomes/NAME, the held-out table and the draft of the card; it trains a look (look.py), and fits the
agent to that table (fit_agent.py). `npm run seal -- NAME` then completes the card: the gate's curve, and the digest.
`--keep CHECKPOINT` also writes models/checkpoints/NAME.npz, for `budgetnet.train --start`.

The order matters: weights are rounded as they are stored, then batch norms are measured, then accuracies.
"""

import json
import shutil
from pathlib import Path

import numpy as np
import torch

from .batchnorm import recalibrate
from .checkpoint import averaged, keep, must_have_classes, must_have_learnt_from
from .command import like, parser_of, telling
from .data import load, load_test, split_holdout, statistics
from .device import keep_memory
from .fit_agent import fit_agent
from .look import add_look
from .network import round_weights
from .outcomes import logits_of, write_table
from .package import draft_card, write_check, write_graphs
from .places import MODELS


def measure(tables, split, network, images, mean, deviation, mirror):
    """Writes the table of `split`; returns each policy's accuracy (0 to 1), cheapest first."""
    logits = logits_of(network, torch.from_numpy(images.pixels), mean, deviation, mirror).astype(np.float16)
    write_table(tables, split, logits, images.labels)
    return [round(float(value), 5) for value in (logits.argmax(2) == images.labels).mean(1)]


def export(folder, tables, checkpoint, images, name, version):
    """Writes package `folder` and `tables` from a `checkpoint` as `averaged` returns it, without a look. `images`:
    those to learn from, the held-out and the test ones (None: the card gives no test accuracy).
    """
    (network, state, settings), (learn, held, test) = checkpoint, images
    mean, deviation = state["mean"], state["deviation"]
    round_weights(network)
    recalibrate(network, torch.from_numpy(learn.pixels), mean, deviation)
    results = {"holdout": measure(tables, "holdout", network, held, mean, deviation, settings.mirror), "test": []}
    if test is not None:
        results["test"] = measure(tables, "test", network, test, mean, deviation, settings.mirror)
    policies = write_graphs(
        folder, network, mean.numpy(), deviation.numpy(), len(learn.classes), settings.size, settings.mirror
    )
    write_check(folder, network, held.pixels, mean, deviation, settings.mirror)
    how = training(settings, state["epoch"], len(learn.labels), len(held.labels))
    card = draft_card(name, version, learn.classes, settings.size, policies, results, how)
    (tables / "draft.json").write_text(json.dumps(card, indent="\t") + "\n")


def training(settings, epochs, learnt_from, held_out):
    """How the network was trained, for people who read the card; the last three arguments are counts."""
    return {
        "architecture": settings.architecture,
        "learntFrom": learnt_from,
        "heldOut": held_out,
        "epochs": epochs,
        "decayEpochs": settings.decay,
        "rate": settings.rate,
        "fullOnlyEpochs": settings.full_only_epochs,
        **({"trunk": Path(settings.trunk).stem} if settings.trunk else {}),
        **({"teacher": settings.teacher} if settings.teacher else {}),
        **({"cutoutPixels": settings.cutout} if settings.cutout else {}),
        **({} if settings.mirror else {"mirror": False}),
        "seed": settings.seed,
        "bf16": settings.bf16,
        "torch": torch.__version__,
    }


def parse():
    parser = parser_of(__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--name", required=True, type=like("[a-z0-9-]{1,64}"))
    parser.add_argument("--version", default="1.0.0", type=like(r"\d+\.\d+\.\d+"))
    parser.add_argument("--test", action="store_true", help="also measure on the test images, for publication")
    parser.add_argument("--keep", help="also keep the weights of this checkpoint, for a later session to continue from")
    return parser, parser.parse_args()


def export_checkpoint(file, name, version, images):
    """Writes package `name`, tables and agent from checkpoint `file`; returns the policies' accuracies. Raises
    ValueError, OSError.

    `images`: returns those of a size in pixels, as `load_all` does. An earlier package and its tables stay until
    everything is made.
    """
    _, state, settings = checkpoint = averaged(file)
    learn, held, test = images(settings.size)
    must_have_classes(file, state["average"], len(learn.classes))
    must_have_learnt_from(file, state, *(torch.from_numpy(values).float() for values in statistics(learn.pixels)))
    folders = [MODELS / kind / name for kind in ("packages", "outcomes")]
    package, tables = parts = [fresh(folder.with_name(f"{folder.name}.part")) for folder in folders]
    export(package, tables, checkpoint, (learn, held, test), name, version)
    results = add_look(package, tables, learn, held, test, settings.seed)
    fit_agent(package, tables)
    for part, folder in zip(parts, folders):
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    return results


def load_all(data, size, tested):
    """The images to learn from, the held-out ones and, if `tested`, the test ones (else None). Raises ValueError."""
    learn, held = split_holdout(load(data, "train", size))
    return learn, held, load_test(data, learn.classes, size) if tested else None


def fresh(folder):
    """`folder`, made anew: what an earlier try left in it is removed."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def main():
    parser, options = parse()
    keep_memory()
    with telling(parser):
        results = export_checkpoint(
            options.checkpoint, options.name, options.version, lambda size: load_all(options.data, size, options.test)
        )
        if options.keep:
            keep(options.keep, MODELS / "checkpoints" / f"{options.name}.npz")
        print(json.dumps(results))


if __name__ == "__main__":
    main()
