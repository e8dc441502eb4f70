"""Exports a checkpoint as a model package, and what its policies say of images the network did not learn from.

`python -m budgetnet.export --data FOLDER --checkpoint FILE --name NAME --version 1.0.0` writes models/packages/NAME,
and into models/outcomes/NAME the held-out table and the draft of the card, trains a look (look.py), and fits the agent
to that table (fit_agent.py). `npm run seal -- NAME` then completes the card: the gate's curve, and the digest. `--keep
CHECKPOINT` also writes models/checkpoints/NAME.npz, for `budgetnet.train --start`.

The order matters: weights are rounded as they are stored, then batch norms measured, then accuracies.
"""

import argparse
import json
import shutil
from pathlib import Path

import numpy as np
import torch

from .batchnorm import recalibrate
from .checkpoint import averaged, keep, must_have_classes, must_have_learnt_from, size_of
from .data import load, load_test, split_holdout, statistics
from .device import keep_memory
from .fit_agent import fit_agent
from .look import add_look
from .network import round_weights
from .outcomes import logits_of, write_table
from .package import draft_card, write_check, write_graphs
from .places import MODELS, like


def measure(tables, split, network, images, state):
    """Writes the table of `split`; returns each policy's accuracy (0 to 1), cheapest first."""
    logits = logits_of(
        network, torch.from_numpy(images.pixels), state["mean"], state["deviation"], has_mirror(state)
    ).astype(np.float16)
    write_table(tables, split, logits, images.labels)
    return [round(float(value), 5) for value in (logits.argmax(2) == images.labels).mean(1)]


def export(folder, tables, network, state, learn, held, test, options):
    """Writes package `folder` and `tables`, without a look. `test` None: the card says no test accuracy."""
    mean, deviation, size = state["mean"], state["deviation"], learn.pixels.shape[1]
    round_weights(network)
    recalibrate(network, torch.from_numpy(learn.pixels), mean, deviation)
    results = {"holdout": measure(tables, "holdout", network, held, state), "test": []}
    if test is not None:
        results["test"] = measure(tables, "test", network, test, state)
    policies = write_graphs(
        folder, network, mean.numpy(), deviation.numpy(), len(learn.classes), size, has_mirror(state)
    )
    write_check(folder, network, held.pixels, mean, deviation, has_mirror(state))
    card = draft_card(
        options.name, options.version, learn.classes, size, policies, results, training(state, learn, held)
    )
    (tables / "draft.json").write_text(json.dumps(card, indent="\t") + "\n")


def has_mirror(state):
    """Whether the network has learnt from mirrored images too, as all did before there was a choice."""
    return state["options"].get("mirror", True)


def training(state, learn, held):
    """How the network was trained, for people who read the card."""
    options = state["options"]
    return {
        "architecture": options["architecture"],
        "learntFrom": len(learn.labels),
        "heldOut": len(held.labels),
        "epochs": state["epoch"],
        "decayEpochs": options["decay"],
        **({"fullOnlyEpochs": options["full_only_epochs"]} if "full_only_epochs" in options else {}),
        **({"trunk": Path(options["trunk"]).stem} if options.get("trunk") else {}),
        **({"teacher": options["teacher"]} if options.get("teacher") else {}),
        **({"cutoutPixels": options["cutout"]} if options.get("cutout") else {}),
        **({} if has_mirror(state) else {"mirror": False}),
        "seed": options["seed"],
        "bf16": options["bf16"],
        "torch": torch.__version__,
    }


def parse():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--name", required=True, type=like("[a-z0-9-]{1,64}"))
    parser.add_argument("--version", default="1.0.0", type=like(r"\d+\.\d+\.\d+"))
    parser.add_argument("--test", action="store_true", help="also measure on the test images, for publication")
    parser.add_argument("--keep", help="also keep the weights of this checkpoint, for a later session to go on with")
    return parser, parser.parse_args()


def export_checkpoint(options, split=None):
    """Package, tables and agent of `options.checkpoint`; returns the policies' accuracies. Raises ValueError,
    FileNotFoundError.

    `split`: the images to learn from, the held-out and the test ones (or None), where they are loaded already. An
    earlier package and its tables stay until all is made.
    """
    network, state = averaged(options.checkpoint)
    learn, held, test = split or load_all(options.data, size_of(state["options"]), options.test)
    must_have_classes(options.checkpoint, state["average"], len(learn.classes))
    must_have_learnt_from(
        options.checkpoint, state, *(torch.from_numpy(values).float() for values in statistics(learn.pixels))
    )
    if options.keep:
        keep(options.keep, MODELS / "checkpoints" / f"{options.name}.npz")
    folders = [MODELS / kind / options.name for kind in ("packages", "outcomes")]
    package, tables = parts = [fresh(folder.with_name(f"{folder.name}.part")) for folder in folders]
    export(package, tables, network, state, learn, held, test, options)
    results = add_look(package, tables, learn, held, test, state["options"]["seed"])
    fit_agent(package, tables)
    for part, folder in zip(parts, folders):
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    return results


def load_all(data, size, tested):
    """The images to learn from, the held-out ones and, where they are `tested`, the test ones (or None). Raises
    ValueError.
    """
    learn, held = split_holdout(load(data, "train", size))
    return learn, held, load_test(data, learn.classes, size) if tested else None


def fresh(folder):
    """`folder`, made anew: what an earlier try left in it is gone."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def main():
    parser, options = parse()
    keep_memory()
    try:
        print(json.dumps(export_checkpoint(options)))
    except (ValueError, FileNotFoundError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
