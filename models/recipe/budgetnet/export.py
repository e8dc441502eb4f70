"""Exports a checkpoint as a model package: graphs, shared weights, check images, and the draft of its card.

`python -m budgetnet.export --data FOLDER --checkpoint FILE --name NAME --version 1.0.0` writes models/packages/NAME and the held-out table in
models/outcomes/NAME. `npm run seal -- NAME` then completes the card: predictors, the gate's starts, its curve, and the digest.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import onnx
import torch

from . import cost
from .batchnorm import recalibrate
from .data import load, split_holdout
from .graph import WEIGHTS_FILE, SharedWeights, policy_graph
from .network import ARCHITECTURES, BranchNetwork
from .outcomes import logits_of, write_table

MODELS = Path(__file__).resolve().parents[2]
CHECK_IMAGES = 8


def restore(checkpoint, classes):
    """The averaged network of a checkpoint, and the checkpoint itself."""
    state = torch.load(checkpoint, weights_only=True)
    network = BranchNetwork(ARCHITECTURES[state["options"]["architecture"]], classes)
    network.load_state_dict(state["average"])
    return network, state


def round_weights(network):
    """Rounds convolutions and head to float16, as they are stored, before statistics and accuracies are measured."""
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim > 1:
                parameter.copy_(parameter.half().float())


def write_graphs(folder, network, mean, deviation, classes, size):
    """Writes policy-NN.onnx and weights.bin; returns the card's `policies`."""
    architecture, shared, policies = network.architecture, SharedWeights(), []
    for index in reversed(range(len(architecture.rungs))):  # the full network first: others refer to prefixes of its weights
        widths = architecture.rungs[index]
        file = f"policy-{index:02d}.onnx"
        onnx.save(policy_graph(network, index, shared, mean, deviation, size, size), str(folder / file))
        macs = cost.macs(architecture, widths, classes, size, size)
        policies.append({"id": f"p{index}", "file": file, "widths": list(widths), "macs": macs, "parameters": cost.parameters(architecture, widths, classes)})
    (folder / WEIGHTS_FILE).write_bytes(shared.bytes())
    return policies[::-1]


def write_check(folder, network, pixels, mean, deviation):
    """check.json: a few images and every policy's logits, so that any machine can check the package."""
    picked = np.ascontiguousarray(pixels[:CHECK_IMAGES])
    logits = logits_of(network, torch.from_numpy(picked), mean, deviation)
    check = {"v": 1, "pixels": picked.tobytes().hex(), "images": len(picked), "logits": np.round(logits.astype(float), 5).tolist()}
    (folder / "check.json").write_text(json.dumps(check) + "\n")


def export(folder, tables, network, state, learn, held, test, options):
    """Writes package and tables. `test` None: the card says no test accuracy."""
    mean, deviation, classes = state["mean"], state["deviation"], learn.classes
    size = learn.pixels.shape[1]
    folder.mkdir(parents=True, exist_ok=True)
    round_weights(network)
    recalibrate(network, torch.from_numpy(learn.pixels), mean, deviation)
    logits = logits_of(network, torch.from_numpy(held.pixels), mean, deviation).astype(np.float16)
    write_table(tables, "holdout", logits, held.labels)
    results = {"holdout": _accuracies(logits, held.labels), "test": []}
    if test is not None:
        test_logits = logits_of(network, torch.from_numpy(test.pixels), mean, deviation).astype(np.float16)
        write_table(tables, "test", test_logits, test.labels)
        results["test"] = _accuracies(test_logits, test.labels)
    policies = write_graphs(folder, network, mean.numpy(), deviation.numpy(), len(classes), size)
    write_check(folder, network, held.pixels, mean, deviation)
    card = {
        "v": 1,
        "name": options.name,
        "version": options.version,
        "classes": classes,
        "input": {"name": "pixels", "width": size, "height": size, "colours": "rgb", "resize": "fill"},
        "policies": policies,
        "results": results,
        "training": _training(state, learn, held),
    }
    (tables / "draft.json").write_text(json.dumps(card, indent="\t") + "\n")
    return results


def keep(checkpoint, file):
    """Writes what resuming the constant phase needs: float16 weights and the epoch (.npz, a few MB)."""
    state = torch.load(checkpoint, weights_only=True)
    halves = {name: tensor.half() if tensor.ndim > 1 else tensor for name, tensor in state["network"].items() if tensor.is_floating_point()}
    weights = {name: tensor.numpy() for name, tensor in halves.items()}
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(file, epoch=state["epoch"], **weights)


def _accuracies(logits, truth):
    return [round(float(value), 5) for value in (logits.argmax(2) == truth).mean(1)]


def _training(state, learn, held):
    options = state["options"]
    return {
        "architecture": options["architecture"],
        "learntFrom": len(learn.labels),
        "heldOut": len(held.labels),
        "epochs": state["epoch"],
        "decayEpochs": options["decay"],
        "seed": options["seed"],
        "bf16": options["bf16"],
        "torch": torch.__version__,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--checkpoint", required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--version", default="1.0.0")
    parser.add_argument("--test", action="store_true", help="also measure on the test images, for publication")
    parser.add_argument("--keep", help="also keep the weights of this constant-phase checkpoint, for a later session to go on with")
    options = parser.parse_args()
    if options.keep:
        keep(options.keep, MODELS / "checkpoints" / f"{options.name}.npz")
    learn, held = split_holdout(load(options.data, "train"))
    test = load(options.data, "test") if options.test else None
    network, state = restore(options.checkpoint, len(learn.classes))
    results = export(MODELS / "packages" / options.name, MODELS / "outcomes" / options.name, network, state, learn, held, test, options)
    print(json.dumps(results))


if __name__ == "__main__":
    main()
