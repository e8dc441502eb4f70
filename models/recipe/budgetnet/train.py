"""Trains the branch network: warm-up, a constant rate for as long as there is time, and a decay branched off it.

`python -m budgetnet.train --data FOLDER --out FOLDER [--epochs N]` runs at a constant rate until stopped and writes a
checkpoint every epoch; `--decay N` branches off the newest of them and lets the rate fall to 0 in N epochs.
Stopped and started again it goes on where it was, with the same weights as in one go. `--start FILE` begins from weights
that `budgetnet.export --keep` wrote (float16, without the optimiser's momentum).
Sandwich rule and in-place distillation: Yu and Huang 2019, arXiv:1903.05134.
"""

import argparse
import copy
import json
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F

from .data import load, split_holdout
from .network import ARCHITECTURES, BranchNetwork

BATCH = 250
RATE = 0.2
MOMENTUM = 0.9
WEIGHT_DECAY = 5e-4
LABEL_SMOOTHING = 0.1
WARMUP_EPOCHS = 1
EMA = 0.995
FULL_ONLY_EPOCHS = 8  # the first epochs train the full network alone
SAMPLING = (0.3, 0.25, 0.2, 0.15, 0.1)  # how often each rung runs beside the full network, cheapest first
SHIFT = 4


def normalise(pixels, mean, deviation):
    """uint8 [n, h, w, 3] to float32 [n, 3, h, w], channels last in memory."""
    x = pixels.permute(0, 3, 1, 2).float().div_(255)
    return x.sub_(mean.view(1, 3, 1, 1)).div_(deviation.view(1, 3, 1, 1)).contiguous(memory_format=torch.channels_last)


def batches(pixels, labels, epoch, seed, flips):
    """Shuffled, shifted by up to SHIFT pixels and flipped every other epoch (alternating flip, Jordan 2024, arXiv:2404.00498)."""
    generator = torch.Generator().manual_seed(seed * 1_000_003 + epoch)
    count, height, width, _ = pixels.shape
    order = torch.randperm(count, generator=generator)
    rows, columns = torch.arange(height), torch.arange(width)
    for start in range(0, count - BATCH + 1, BATCH):
        index = order[start : start + BATCH]
        dy, dx = torch.randint(0, 2 * SHIFT + 1, (2, BATCH), generator=generator)
        padded = F.pad(pixels[index].permute(0, 3, 1, 2).float(), (SHIFT,) * 4, mode="reflect").permute(0, 2, 3, 1)
        y = (dy[:, None] + rows)[:, :, None]
        x = dx[:, None] + columns
        x = torch.where((flips[index] ^ (epoch % 2 == 1))[:, None], x.flip(1), x)[:, None, :]
        yield padded[torch.arange(BATCH)[:, None, None], y, x], labels[index], generator


class Trainer:
    def __init__(self, options, learn):
        torch.manual_seed(options.seed)
        self.options = options
        self.pixels, self.labels = torch.from_numpy(learn.pixels), torch.from_numpy(learn.labels)
        scaled = learn.pixels.reshape(-1, 3) / 255
        self.mean, self.deviation = torch.tensor(scaled.mean(0)).float(), torch.tensor(scaled.std(0)).float()
        self.network = BranchNetwork(ARCHITECTURES[options.architecture], len(learn.classes)).to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network)
        decayed = [p for p in self.network.parameters() if p.ndim > 1]
        plain = [p for p in self.network.parameters() if p.ndim <= 1]
        self.optimiser = torch.optim.SGD([{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": plain, "weight_decay": 0}], lr=RATE, momentum=MOMENTUM, nesterov=True)
        self.flips = torch.rand(len(self.labels), generator=torch.Generator().manual_seed(options.seed)) < 0.5
        self.epoch, self.decay_start = 0, None

    def rate(self, progress):
        """Learning rate at `progress` epochs."""
        if self.decay_start is not None:
            return RATE * max(0.0, 1 - (progress - self.decay_start) / self.options.decay)
        return RATE * min(1.0, (progress + 0.02) / WARMUP_EPOCHS)

    def step(self, x, y, generator):
        policies = len(self.network.architecture.rungs)
        with torch.autocast("cpu", torch.bfloat16, enabled=self.options.bf16):
            full = self.network(x, policies - 1)
            loss = F.cross_entropy(full, y, label_smoothing=LABEL_SMOOTHING)
            if self.epoch >= FULL_ONLY_EPOCHS:
                drawn = int(torch.multinomial(torch.tensor(SAMPLING), 1, generator=generator))
                soft = full.detach().softmax(1)
                loss = loss + F.cross_entropy(self.network(x, drawn), soft)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        with torch.no_grad():
            for mean, value in zip(self.average.parameters(), self.network.parameters()):
                mean.lerp_(value, 1 - EMA)
        return float(loss.detach()), float((full.detach().argmax(1) == y).float().mean())

    def run_epoch(self):
        self.network.train()
        if self.epoch == FULL_ONLY_EPOCHS:
            self.network.norms_from_full()
            self.average.norms_from_full()
        steps = len(self.labels) // BATCH
        started, losses, rights = time.time(), 0.0, 0.0
        for step, (pixels, labels, generator) in enumerate(batches(self.pixels, self.labels, self.epoch, self.options.seed, self.flips)):
            for group in self.optimiser.param_groups:
                group["lr"] = self.rate(self.epoch + step / steps)
            loss, right = self.step(normalise(pixels, self.mean, self.deviation), labels, generator)
            losses, rights = losses + loss / steps, rights + right / steps
        self.epoch += 1
        return {"epoch": self.epoch, "loss": round(losses, 4), "trainAccuracy": round(rights, 4), "seconds": round(time.time() - started, 1)}

    def save(self, file):
        state = {"network": self.network.state_dict(), "average": self.average.state_dict(), "optimiser": self.optimiser.state_dict(), "epoch": self.epoch, "decay_start": self.decay_start, "mean": self.mean, "deviation": self.deviation, "options": vars(self.options)}
        torch.save(state, file.with_suffix(".part"))
        file.with_suffix(".part").replace(file)

    def start_from(self, file):
        """Weights and epoch of an earlier constant phase, kept by budgetnet.export."""
        with np.load(file) as kept:
            state = {name: torch.from_numpy(kept[name].astype(np.float32)) for name in kept.files if name != "epoch"}
            self.epoch = int(kept["epoch"])
        self.network.load_state_dict(state, strict=False)  # counters of batches are not kept
        self.average.load_state_dict(self.network.state_dict())

    def restore(self, file):
        state = torch.load(file, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        if state["optimiser"] is not None:
            self.optimiser.load_state_dict(state["optimiser"])
        self.epoch, self.decay_start = state["epoch"], state["decay_start"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--architecture", default="resnet", choices=sorted(ARCHITECTURES))
    parser.add_argument("--epochs", type=int, default=1000, help="stop the constant phase after so many")
    parser.add_argument("--decay", type=int, default=0, help="branch off and decay in so many epochs")
    parser.add_argument("--start", type=Path, help="weights to begin with, when there is no checkpoint in --out yet")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--bf16", action="store_true", help="faster on AVX-512 and AMX, slower elsewhere")
    options = parser.parse_args()
    folder, start = options.out, options.start
    options.out, options.start = str(options.out), str(options.start)
    folder.mkdir(parents=True, exist_ok=True)
    learn, _ = split_holdout(load(options.data, "train"))
    trainer = Trainer(options, learn)
    constant, decay = folder / "constant.pt", folder / "decay.pt"
    own = decay if options.decay else constant
    if own.exists():
        trainer.restore(own)
    elif options.decay:
        trainer.restore(constant)
        trainer.decay_start = trainer.epoch
    elif start:
        trainer.start_from(start)
    last = trainer.decay_start + options.decay if options.decay else options.epochs
    while trainer.epoch < last:
        line = json.dumps(trainer.run_epoch())
        trainer.save(own)
        print(line, flush=True)


if __name__ == "__main__":
    main()
