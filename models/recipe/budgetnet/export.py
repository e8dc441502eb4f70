"""Exports a checkpoint as a model package, and what its policies say of images the network did not learn from.

`python -m budgetnet.export --data FOLDER --checkpoint FILE --name NAME --version 1.0.0` writes models/packages/NAME, and into
models/outcomes/NAME the held-out table and the draft of the card, trains a look (look.py), and fits the agent to that table
(fit_agent.py). `npm run seal -- NAME` then completes the card: the gate's curve, and the digest. `--keep CHECKPOINT` also writes models/checkpoints/NAME.npz, for
`budgetnet.train --start`.

The order matters: weights are rounded as they are stored, then batch norms measured, then accuracies.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from .batchnorm import recalibrate
from .checkpoint import averaged, keep, must_have_classes, must_have_learnt_from, size_of
from .data import load, load_test, split_holdout, statistics
from .fit_agent import fit_agent
from .look import add_look
from .outcomes import logits_of, remove_smalls, remove_table, write_table
from .package import draft_card, write_check, write_graphs
from .places import MODELS, like
from .train import keep_memory


def round_weights(network):
    """Rounds convolutions and head to float16, as they are stored, before statistics and accuracies are measured."""
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim > 1:
                parameter.copy_(parameter.half().float())


def measure(tables, split, network, images, state):
    """Writes the table of `split`; returns each policy's accuracy (0 to 1), cheapest first."""
    logits = logits_of(network, torch.from_numpy(images.pixels), state["mean"], state["deviation"], has_mirror(state)).astype(np.float16)
    write_table(tables, split, logits, images.labels)
    return [round(float(value), 5) for value in (logits.argmax(2) == images.labels).mean(1)]


def export(folder, tables, network, state, learn, held, test, options):
    """Writes package `folder` and `tables`, without a look. `test` None: the card says no test accuracy."""
    mean, deviation, size = state["mean"], state["deviation"], learn.pixels.shape[1]
    folder.mkdir(parents=True, exist_ok=True)
    round_weights(network)
    recalibrate(network, torch.from_numpy(learn.pixels), mean, deviation)
    remove_smalls(tables)  # compared with an earlier network
    results = {"holdout": measure(tables, "holdout", network, held, state), "test": []}
    if test is None:
        remove_table(tables, "test")  # of an earlier network
    else:
        results["test"] = measure(tables, "test", network, test, state)
    policies = write_graphs(folder, network, mean.numpy(), deviation.numpy(), len(learn.classes), size, has_mirror(state))
    write_check(folder, network, held.pixels, mean, deviation, has_mirror(state))
    card = draft_card(options.name, options.version, learn.classes, size, policies, results, training(state, learn, held))
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
    parser.add_argument("--keep", help="also keep the weights of this constant-phase checkpoint, for a later session to go on with")
    return parser, parser.parse_args()


def export_checkpoint(options, split=None):
    """Package, tables and agent of `options.checkpoint`; returns the policies' accuracies. Raises ValueError, FileNotFoundError.

    `split`: the images to learn from and the held-out ones, where they are loaded already.
    """
    network, state = averaged(options.checkpoint)
    learn, held = split or split_holdout(load(options.data, "train", size_of(state["options"])))
    must_have_classes(options.checkpoint, state["average"], len(learn.classes))
    must_have_learnt_from(options.checkpoint, state, *(torch.from_numpy(values).float() for values in statistics(learn.pixels)))
    test = load_test(options.data, learn.classes, learn.pixels.shape[1]) if options.test else None
    if options.keep:
        keep(options.keep, MODELS / "checkpoints" / f"{options.name}.npz")
    package, tables = MODELS / "packages" / options.name, MODELS / "outcomes" / options.name
    export(package, tables, network, state, learn, held, test, options)
    results = add_look(package, tables, learn, held, test, state["options"]["seed"])
    fit_agent(package, tables)
    return results


def main():
    parser, options = parse()
    keep_memory()
    try:
        print(json.dumps(export_checkpoint(options)))
    except (ValueError, FileNotFoundError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
