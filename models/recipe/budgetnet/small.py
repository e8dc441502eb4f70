"""Small networks to compare a package with: one of its rungs trained alone, for as much training compute as the whole
network took.

`python -m budgetnet.small --data FOLDER --name NAME --policy ID` trains that rung from random weights, as the package
was trained (the same seed, teachers as they are now, parts of the schedule), and writes into models/outcomes/NAME what
it says of held-out images (with `--test`, of test images too): `npm run evaluate` then shows it. Compute is counted in
MACs: a drawn rung's by how often it is drawn, and the look's too. If it was stopped, it continues when started again
(models/runs/NAME-ID).
"""

import json

import torch

from . import train
from .augment import normalise
from .batchnorm import recalibrate
from .checkpoint import averaged
from .command import like, number, parser_of, telling
from .device import keep_memory
from .export import load_all
from .make import planned, train_by
from .network import round_weights
from .outcomes import BATCH, read_table, remove_smalls
from .places import MODELS
from .settings import Settings
from .teacher import must_know
from .trainer import SAMPLING


def compute(training, policies):
    """Training compute of a package in MACs per training image, without the factor of the backward pass; `training`,
    `policies` as in the card.
    """
    macs = [policy["macs"] for policy in rungs_of(policies)]
    looks = sum(policy["macs"] for policy in policies if policy.get("look"))
    full_only = min(training["epochs"], training.get("fullOnlyEpochs", train.FULL_ONLY_EPOCHS))
    drawn = sum(often * rung for often, rung in zip(SAMPLING, macs, strict=False)) / sum(SAMPLING)
    return (
        training["epochs"] * macs[-1] + (training["epochs"] - full_only) * drawn + training.get("lookEpochs", 0) * looks
    )


def rungs_of(policies):
    """The network's rungs among the card's `policies`."""
    return [policy for policy in policies if not policy.get("look") and not policy.get("mirrored")]


def plan_of(training, policies, rung, part=1):
    """Epochs of `rung` alone for the same compute, or for a part of it: {"constant", "decay", "fullOnly"}; the decay
    takes as great a part of them as it did.
    """
    epochs = max(2, round(part * compute(training, policies) / rungs_of(policies)[rung]["macs"]))
    decay = max(1, round(epochs * training["decayEpochs"] / training["epochs"]))
    return {"constant": epochs - decay, "decay": decay, "fullOnly": epochs}


def must_be_comparable(draft, policy):
    """Raises ValueError when no network of `policy` can be trained as the package of `draft` was, for as much compute."""
    ids, training = [rung["id"] for rung in rungs_of(draft["policies"])], draft["training"]
    if policy not in ids[:-1]:
        raise ValueError(f"--policy {policy}: expected one of {', '.join(ids[:-1])}")
    if training.get("trunk"):
        raise ValueError(
            f"{draft['name']} began with the weights of {training['trunk']}: what it took to train is not known"
        )
    if draft["name"] in (training.get("teacher") or "").split(","):
        raise ValueError(
            f"{draft['name']} learnt from an earlier version of itself: the small network would learn from this one"
        )


@torch.no_grad()
def labels_of(network, rung, pixels, mean, deviation):
    """Labels of `pixels` uint8 [images, height, width, 3], as a list."""
    parts = torch.from_numpy(pixels).split(BATCH)
    return torch.cat([network(normalise(part, mean, deviation), rung).argmax(1) for part in parts]).tolist()


def train_small(options):
    """Trains, writes `SPLIT.small-ID.json` into the package's outcomes; returns accuracies by split. Raises ValueError,
    OSError.
    """
    tables = MODELS / "outcomes" / options.name
    draft = json.loads((tables / "draft.json").read_text())
    must_be_comparable(draft, options.policy)
    training, policies, size = draft["training"], draft["policies"], draft["input"]["width"]
    ids = [policy["id"] for policy in rungs_of(policies)]
    rung = ids.index(options.policy)
    learn, held, test = load_all(options.data, size, options.test)
    must_know(MODELS / "packages" / options.name, policies, learn)
    splits = {"holdout": held, **({"test": test} if options.test else {})}
    for split, images in splits.items():
        if read_table(tables, split)[1].tolist() != images.labels.tolist():
            raise ValueError(f"{tables}/{split}.json: holds other images than those in {options.data}")
    folder = MODELS / "runs" / f"{options.name}-{options.policy}"
    folder.mkdir(parents=True, exist_ok=True)
    plan = planned(
        folder, {"part": options.part, "training": training}, lambda: plan_of(training, policies, rung, options.part)
    )
    print(json.dumps(plan), flush=True)
    settings = Settings(
        architecture=training["architecture"],
        full_only_epochs=plan["fullOnly"],
        size=size,
        rate=training.get("rate", Settings.rate),
        seed=training["seed"],
        mirror=training.get("mirror", True),
        bf16=training["bf16"],
        cutout=training.get("cutoutPixels", 0),
        teacher=training.get("teacher"),
    )
    network, state, _ = averaged(train_by(plan, settings, learn, folder, rung))
    round_weights(network)
    recalibrate(network, torch.from_numpy(learn.pixels), state["mean"], state["deviation"])
    facts = {
        "v": 1,
        "policy": options.policy,
        "macs": rungs_of(policies)[rung]["macs"],
        "epochs": state["epoch"],
        "part": options.part,
    }
    remove_smalls(tables, options.policy)
    results = {}
    for split, images in splits.items():
        labels = labels_of(network, rung, images.pixels, state["mean"], state["deviation"])
        (tables / f"{split}.small-{options.policy}.json").write_text(json.dumps({**facts, "labels": labels}) + "\n")
        results[split] = sum(said == true for said, true in zip(labels, images.labels.tolist())) / len(labels)
    return results


def parse():
    parser = parser_of(__doc__)
    parser.add_argument("--data", required=True)
    parser.add_argument("--name", required=True, type=like("[a-z0-9-]{1,64}"), help="of the package to compare with")
    parser.add_argument(
        "--policy", required=True, type=like("[a-z0-9-]{1,64}"), help="of the package: the size of the small network"
    )
    parser.add_argument(
        "--part",
        type=number("a number above 0, such as 0.5", lambda part: part > 0),
        default=1,
        help="of the compute, if there is no time for all of it (default: %(default)s)",
    )
    parser.add_argument("--test", action="store_true", help="also label the test images")
    return parser, parser.parse_args()


def main():
    parser, options = parse()
    keep_memory()
    with telling(parser):
        print(json.dumps(train_small(options)))


if __name__ == "__main__":
    main()
