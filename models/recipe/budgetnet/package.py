"""The files of a model package: a graph per policy, the weights they share, check images, and the draft of the card."""

import json

import numpy as np
import onnx
import torch

from . import cost
from .graph import WEIGHTS_FILE, SharedWeights, policy_graph
from .outcomes import logits_of

CHECK_IMAGES = 8


def write_graphs(folder, network, mean, deviation, classes, size, mirror=True):
    """Writes policy-NN.onnx and weights.bin for inputs of `size` pixels; returns the card's `policies`, cheapest first.

    With `mirror` the last is the whole network's second view, of the mirrored image: it has no graph of its own.
    """
    architecture, shared, policies = network.architecture, SharedWeights(), []
    for index in reversed(range(len(architecture.rungs))):  # so weights.bin begins as the full network does
        widths = architecture.rungs[index]
        file = f"policy-{index:02d}.onnx"
        onnx.save(policy_graph(network, index, shared, mean, deviation, size, size), str(folder / file))
        macs, parameters = (
            cost.macs(architecture, widths, classes, size, size),
            cost.parameters(architecture, widths, classes),
        )
        policies.append(
            {"id": f"p{index}", "file": file, "widths": list(widths), "macs": macs, "parameters": parameters}
        )
    (folder / WEIGHTS_FILE).write_bytes(shared.bytes())
    full = policies[0]
    second = {**full, "id": f"{full['id']}-mirrored", "mirrored": True}
    return [*policies[::-1], *([second] if mirror else [])]


def write_check(folder, network, pixels, mean, deviation, mirror=True):
    """Writes check.json: a few images, spread over `pixels`, and every policy's logits, so that any machine can check
    the package.
    """
    spread = np.unique(np.linspace(0, len(pixels) - 1, CHECK_IMAGES).astype(int))
    picked = np.ascontiguousarray(pixels[spread])
    logits = logits_of(network, torch.from_numpy(picked), mean, deviation, mirror)
    check = {
        "v": 1,
        "pixels": picked.tobytes().hex(),
        "images": len(picked),
        "logits": np.round(logits.astype(float), 5).tolist(),
    }
    (folder / "check.json").write_text(json.dumps(check) + "\n")


def draft_card(name, version, classes, size, policies, results, training):
    """model.json as far as the recipe knows it: fit_agent.py adds the agent, `npm run seal` curve and digest."""
    return {
        "v": 1,
        "name": name,
        "version": version,
        "classes": classes,
        "input": {"name": "pixels", "width": size, "height": size, "colours": "rgb", "resize": "fill"},
        "policies": policies,
        "results": results,
        "training": training,
    }
