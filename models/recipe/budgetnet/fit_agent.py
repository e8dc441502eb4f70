"""Fits the agent of an exported package to its held-out table of outcomes: seconds, no images needed.

`python -m budgetnet.fit_agent --name NAME` writes agent.onnx and its check values into models/packages/NAME, the card's
`agent` into the draft, and into models/outcomes/NAME agents that have not learnt from a fold of the held-out images, to
be judged on that fold: `holdout.fold-N.onnx`, and `holdout.folds.json`, the fold of each image. `--compare` also
writes, for `npm run evaluate`, what every way of learning in learn.py says of images that it has not learnt from:
`holdout.METHOD.values.bin`, float32 [policies - 1, images, policies]. Run `npm run seal -- NAME` afterwards.
"""

import json
import math

import numpy as np
import onnx
import torch

from .agent import PRICES, agent_graph, agent_macs, fit
from .command import like, parser_of, telling
from .ladder import INPUTS, ladder_of
from .learn import METHODS, learn
from .outcomes import read_table
from .places import MODELS

FOLDS = 5
SEED = 1
MACS_SHARE_MAX = 0.01  # part of the full network's, for the agent: as agentShareMax of functions/core/package.ts
AGENT_FILE = "agent.onnx"


def folds_of(images):
    """The fold of each of so many images, int [images]; the folds are as equal in size as can be."""
    folds = np.empty(images, int)
    folds[np.random.default_rng(SEED).permutation(images)] = np.arange(images) % FOLDS
    return folds


def without(ladder, folds, fold):
    return ladder.take(torch.from_numpy(np.flatnonzero(folds != fold)))


@torch.no_grad()
def cross_fitted(ladder, method):
    """Float32 [rungs - 1, images, rungs]: values of all images, each from a one-step agent that has learnt from the
    other folds only.
    """
    folds = folds_of(ladder.images)
    values = np.zeros((ladder.rungs - 1, ladder.images, ladder.rungs), np.float32)
    for fold in range(FOLDS):
        with torch.enable_grad():
            agent = learn(without(ladder, folds, fold), method)
        held = np.flatnonzero(folds == fold)
        values[:, held] = agent(ladder.take(torch.from_numpy(held)).states).numpy()
    return values


def write_folds(tables, ladder):
    """Writes for each fold the agent that has learnt from all other folds, and the fold of each image."""
    folds = folds_of(ladder.images)
    for fold in range(FOLDS):
        onnx.save(agent_graph(fit(without(ladder, folds, fold))), str(tables / f"holdout.fold-{fold}.onnx"))
    (tables / "holdout.folds.json").write_text(json.dumps({"v": 1, "folds": folds.tolist()}) + "\n")


def write_agent(package, agent, policies):
    """Writes agent.onnx and adds what it says of the check images to check.json; returns the card's `agent`."""
    onnx.save(agent_graph(agent), str(package / AGENT_FILE))
    file = package / "check.json"
    check = read_json(file, "logits")
    logits = np.asarray(check["logits"])
    ladder = ladder_of(logits, np.zeros(logits.shape[1], int), policies)
    says = [agent.says(rung, ladder.gaps(rung)).reshape(ladder.images, -1) for rung in range(ladder.rungs - 1)]
    check["values"] = np.round(says, 5).tolist()
    file.write_text(json.dumps(check) + "\n")
    return {"file": AGENT_FILE, "macs": agent_macs(len(policies)), "inputs": INPUTS, "prices": list(PRICES)}


def read_json(file, *names):
    """The object in `file`, which must have these fields. Raises ValueError for anything else."""
    try:
        found = json.loads(file.read_text())
    except json.JSONDecodeError as error:
        raise ValueError(f"{file}: is not JSON: {error}") from None
    missing = [name for name in names if not isinstance(found, dict) or name not in found]
    if missing:
        raise ValueError(f"{file}: expected {', '.join(missing)}, found none (models/README.md)")
    return found


def must_be_policies(file, policies):
    """Raises ValueError unless an agent can choose among `policies`, those of the draft in `file`, and is cheap beside
    them.
    """
    if not isinstance(policies, list) or len(policies) < 2:
        raise ValueError(f"{file}: policies: expected two policies or more, cheapest first")
    if not all(
        isinstance(policy, dict) and isinstance(policy.get("macs"), int) and policy["macs"] > 0 for policy in policies
    ):
        raise ValueError(f"{file}: policies: expected macs, an integer above 0, in each")
    agent, most = agent_macs(len(policies)), MACS_SHARE_MAX * policies[-1]["macs"]
    if agent > most:
        raise ValueError(
            f"{file}: an agent for {len(policies)} policies takes {agent} MACs, "
            f"expected at most {most:.0f}, 1 % of the full network's: fewer policies, or a larger network"
        )


def fit_agent(package, tables, methods=()):
    """Fits and writes the agent of folder `package` and, into `tables`, the agents of its folds and the cross-fitted
    values of `methods`.

    Returns the number of held-out images. Raises ValueError, FileNotFoundError.
    """
    draft_file = tables / "draft.json"
    draft = read_json(draft_file, "policies")
    policies = draft["policies"]
    must_be_policies(draft_file, policies)
    logits, truth = read_table(tables, "holdout")
    if len(truth) < 2:
        raise ValueError(f"{tables}/holdout.json: expected at least two images, preferably 1,000")
    ladder = ladder_of(logits, truth, policies)
    for stale in tables.glob("holdout.*.values.bin"):
        stale.unlink()  # of an earlier network
    write_folds(tables, ladder)
    for method in methods:
        (tables / f"holdout.{method}.values.bin").write_bytes(cross_fitted(ladder, method).astype("<f4").tobytes())
    draft["agent"] = write_agent(package, fit(ladder), policies)
    draft_file.write_text(json.dumps(draft, indent="\t") + "\n")
    return ladder.images


def main():
    parser = parser_of(__doc__)
    parser.add_argument("--name", required=True, type=like("[a-z0-9-]{1,64}"))
    parser.add_argument("--compare", action="store_true", help="also cross-fit the agents of learn.py")
    options = parser.parse_args()
    with telling(parser):
        methods = METHODS if options.compare else ()
        try:
            images = fit_agent(MODELS / "packages" / options.name, MODELS / "outcomes" / options.name, methods)
        except FileNotFoundError as error:
            raise ValueError(f"{error.filename} is not there: export the package first (models/README.md)") from error
        points = 98 / math.sqrt(images)  # normal approximation, 95 %, if half of the labels are right
        print(f"fitted on {images} held-out images: the curve is accurate to within {points:.1f} points or better")


if __name__ == "__main__":
    main()
