"""Fits the agent of an exported package to its held-out table of outcomes: seconds, no images needed.

`python -m budgetnet.fit_agent --name NAME` writes agent.onnx and its check values into models/packages/NAME, the card's `agent`
into the draft, and into models/outcomes/NAME what agents said of images that they had not learnt from (cross-fitted):
`holdout.METHOD.values.bin`, float32 [policies - 1, images, policies]. `--compare` writes that of every method in learn.py, for
`npm run evaluate`. `npm run seal -- NAME` comes after it.
"""

import argparse
import json

import numpy as np
import onnx
import torch

from .agent import agent_graph, agent_macs
from .ladder import INPUTS, ladder_of
from .learn import METHODS, learn
from .outcomes import read_table
from .places import MODELS, like

METHOD = "actor-critic"  # the product's: the thesis's idea, and as good as any on held-out images (models/README.md)
FOLDS = 5
SEED = 1
AGENT_FILE = "agent.onnx"


@torch.no_grad()
def values_of(agent, ladder):
    """Float32 [rungs - 1, images, rungs]: the agent's values of every image after every rung but the costliest."""
    return agent(ladder.states).numpy()


def cross_fitted(ladder, method):
    """Values of all images, each from an agent that has learnt from the other folds only."""
    order = np.random.default_rng(SEED).permutation(ladder.images)
    values = np.zeros((ladder.rungs - 1, ladder.images, ladder.rungs), np.float32)
    for fold in range(FOLDS):
        held = np.sort(order[fold::FOLDS])
        others = np.setdiff1d(order, held)
        agent = learn(ladder.take(torch.from_numpy(others)), method)
        values[:, held] = values_of(agent, ladder.take(torch.from_numpy(held)))
    return values


def write_agent(package, agent, policies):
    """Writes agent.onnx and adds the values of the check images to check.json; returns the card's `agent`, without its starts."""
    onnx.save(agent_graph(agent), str(package / AGENT_FILE))
    file = package / "check.json"
    check = json.loads(file.read_text())
    logits = np.asarray(check["logits"])
    values = values_of(agent, ladder_of(logits, np.zeros(logits.shape[1], int), policies))
    check["values"] = np.round(values.astype(float), 6).tolist()
    file.write_text(json.dumps(check) + "\n")
    return {"file": AGENT_FILE, "macs": agent_macs(agent), "inputs": INPUTS}


def fit_agent(package, tables, methods):
    """Fits and writes the agent of folder `package` from `tables`, and the cross-fitted values of `methods`."""
    draft_file = tables / "draft.json"
    draft = json.loads(draft_file.read_text())
    policies = draft["policies"]
    ladder = ladder_of(*read_table(tables, "holdout"), policies)
    for stale in tables.glob("holdout.*.values.bin"):
        stale.unlink()  # of an earlier network
    for method in methods:
        (tables / f"holdout.{method}.values.bin").write_bytes(cross_fitted(ladder, method).astype("<f4").tobytes())
    draft["agent"] = write_agent(package, learn(ladder, METHOD), policies)
    draft_file.write_text(json.dumps(draft, indent="\t") + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--name", required=True, type=like("[a-z0-9-]{1,64}"))
    parser.add_argument("--compare", action="store_true", help="also cross-fit the methods that are not the product's")
    options = parser.parse_args()
    try:
        methods = list(METHODS) if options.compare else [METHOD]
        fit_agent(MODELS / "packages" / options.name, MODELS / "outcomes" / options.name, methods)
    except FileNotFoundError as error:
        parser.error(f"{error.filename} is not there: export the package first")


if __name__ == "__main__":
    main()
