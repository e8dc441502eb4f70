"""On a GPU, where there is one; the other tests hide it (conftest.py)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from budgetnet.checkpoint import averaged

RECIPE = Path(__file__).parents[1]


@pytest.mark.skipif(not Path("/dev/nvidia0").exists(), reason="no GPU")
def test_training_goes_on_there_and_is_read_elsewhere(tmp_path):
    random = np.random.default_rng(0)
    for label in ("cold", "warm"):
        (tmp_path / "data" / label).mkdir(parents=True)
        for i in range(300):
            Image.fromarray(random.integers(0, 256, (32, 32, 3), np.uint8)).save(tmp_path / "data" / label / f"{i}.png")
    shown = {name: value for name, value in os.environ.items() if name != "CUDA_VISIBLE_DEVICES"}

    def epochs(*arguments):
        command = [
            sys.executable,
            "-m",
            "budgetnet.train",
            "--data",
            tmp_path / "data",
            "--out",
            tmp_path / "run",
            *arguments,
        ]
        done = subprocess.run(
            command, env={**shown, "PYTHONPATH": str(RECIPE)}, capture_output=True, text=True, check=True
        )
        assert "compute capability" in done.stderr
        return [json.loads(line)["epoch"] for line in done.stdout.splitlines()]

    assert epochs("--epochs", "1")[-1] == 1
    assert epochs("--epochs", "9")[-1] == 9  # beyond the epochs of the full network alone
    assert epochs("--decay", "2")[-1] == 11
    network, state, _ = averaged(tmp_path / "run" / "decay.pt")
    assert state["epoch"] == 11 and all(
        torch.isfinite(p).all() and p.device.type == "cpu" for p in network.parameters()
    )
