"""One training run of the branch network: its steps, its epochs, and the checkpoints that it can continue from.

Sandwich rule and in-place distillation: Yu and Huang 2019, arXiv:1903.05134.
"""

import copy
import time
from dataclasses import asdict, replace

import torch
import torch.nn.functional as F

from . import augment
from .augment import cut_out, normalise
from .checkpoint import must_fit, must_have_classes, must_have_learnt_from, read_checkpoint, read_kept
from .data import statistics
from .device import DEVICE
from .teacher import loss_by

MOMENTUM = 0.9
WEIGHT_DECAY = 5e-4
LABEL_SMOOTHING = 0.1
TEACHER_SHARE = 0.7  # of the full network's loss, if there is a teacher
WARMUP_EPOCHS = 1
EMA_STEPS = 200  # steps that the average looks back over
EMA_PART = 0.2  # part of a decay, at most: in a short one, the average would still be full of earlier weights
SAMPLING = (0.3, 0.25, 0.2, 0.15, 0.1)  # how often each rung runs beside the full network, cheapest first


class Trainer:
    """One run: the network, its average, the optimiser and the epoch they are at.

    Raises ValueError when there are too few images, or files do not fit.
    """

    def __init__(self, settings, learn):
        if len(learn.labels) < augment.BATCH:
            raise ValueError(f"{len(learn.labels)} images to learn from; expected at least {augment.BATCH}")
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.pixels, self.labels = (torch.from_numpy(rows).to(DEVICE) for rows in (learn.pixels, learn.labels))
        self.mean, self.deviation = (torch.from_numpy(values).float().to(DEVICE) for values in statistics(learn.pixels))
        self.network = settings.network(len(learn.classes)).to(DEVICE, memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network)
        decayed = [p for p in self.network.parameters() if p.ndim > 1]
        plain = [p for p in self.network.parameters() if p.ndim <= 1]
        groups = [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": plain, "weight_decay": 0}]
        self.optimiser = torch.optim.SGD(groups, lr=settings.rate, momentum=MOMENTUM, nesterov=True)
        self.flips = self.drawn_flips()
        self.epoch, self.decay_start = 0, None
        self.taught = None  # softened labels of teachers, by image
        self.learner = len(self.network.architecture.rungs) - 1  # learns the labels; a drawn rung, what this one says

    def drawn_flips(self):
        """Which images are mirrored first, bool [images]; None if none ever is."""
        draws = torch.rand(len(self.labels), generator=torch.Generator().manual_seed(self.settings.seed))
        return (draws < 0.5).to(DEVICE) if self.settings.mirror else None

    def rate(self, progress):
        """Learning rate at `progress` epochs."""
        if self.decay_start is not None:
            return self.settings.rate * max(0.0, 1 - (progress - self.decay_start) / self.settings.decay)
        return self.settings.rate * min(1.0, (progress + 0.02) / WARMUP_EPOCHS)

    def average_steps(self):
        """Steps that the average looks back over."""
        if self.decay_start is None:
            return EMA_STEPS
        return max(1, min(EMA_STEPS, EMA_PART * self.settings.decay * (len(self.labels) // augment.BATCH)))

    def full_loss(self, logits, index):
        """The loss of the full network's `logits` for images `index`: by their labels and, if there is a teacher, by
        its soft ones.
        """
        logits = logits.float()  # on a GPU autocast leaves them as they are
        loss = F.cross_entropy(logits, self.labels[index], label_smoothing=LABEL_SMOOTHING)
        if self.taught is None:
            return loss
        return torch.lerp(loss, loss_by(logits, self.taught[index]), TEACHER_SHARE)

    def step(self, pixels, index, generator):
        """Takes one step on a batch of `batches`; returns its loss and the part that the full network gets right, both
        as tensors.
        """
        x = normalise(pixels, self.mean, self.deviation)
        if self.settings.cutout:
            cut_out(x, self.settings.cutout, generator)
        with torch.autocast(DEVICE.type, torch.bfloat16, enabled=self.settings.bf16):
            full = self.network(x, self.learner)
            loss = self.full_loss(full, index)
            if self.epoch >= self.settings.full_only_epochs:
                drawn = int(torch.multinomial(torch.tensor(SAMPLING), 1, generator=generator))
                soft = full.detach().float().softmax(1)
                loss = loss + F.cross_entropy(self.network(x, drawn).float(), soft)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        self.optimiser.step()
        part = 1 / self.average_steps()
        with torch.no_grad():
            torch._foreach_lerp_(list(self.average.parameters()), list(self.network.parameters()), part)
        return loss.detach(), (full.detach().argmax(1) == self.labels[index]).float().mean()

    def run_epoch(self):
        """Runs an epoch; returns what its line says: means over its steps, and seconds."""
        self.network.train()
        if self.epoch == self.settings.full_only_epochs > 0:
            self.network.norms_from_full()
            self.average.norms_from_full()
        steps = len(self.labels) // augment.BATCH
        started, losses, rights = time.time(), 0.0, 0.0
        for step, batch in enumerate(augment.batches(self.pixels, self.epoch, self.settings.seed, self.flips)):
            for group in self.optimiser.param_groups:
                group["lr"] = self.rate(self.epoch + step / steps)
            loss, right = self.step(*batch)
            losses, rights = losses + loss / steps, rights + right / steps
        self.epoch += 1
        losses, rights = round(float(losses), 4), round(float(rights), 4)  # waits for a GPU
        return {"epoch": self.epoch, "loss": losses, "trainAccuracy": rights, "seconds": time.time() - started}

    def save(self, file):
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "epoch": self.epoch,
            "decay_start": self.decay_start,
            "mean": self.mean,
            "deviation": self.deviation,
            "settings": asdict(self.settings),
        }
        torch.save(state, file.with_suffix(".part"))
        file.with_suffix(".part").replace(file)

    def start_from(self, file):
        """Takes the weights and the epoch of an earlier run, kept by budgetnet.export."""
        weights, found, facts = read_kept(file)
        must_fit(file, found, self.settings)
        must_have_classes(file, weights, self.network.head.out_features)
        must_have_learnt_from(file, facts, self.mean, self.deviation)
        own = self.network.state_dict()
        counters = {name: value for name, value in own.items() if not value.is_floating_point()}  # of batches: not kept
        self.network.load_state_dict({**counters, **weights})
        self.average.load_state_dict(self.network.state_dict())
        self.epoch = facts["epoch"]
        began = {"full_only_epochs": found.full_only_epochs, "trunk": found.trunk}
        self.settings = replace(self.settings, **began, **asked_or_found(self.settings, found))

    def trunk_from(self, file):
        """Takes the weights of a network for other classes, or for images of another size, without its head and a stem
        of another shape.
        """
        weights, found, facts = read_kept(file)
        must_fit(file, found, replace(self.settings, size=found.size, mirror=found.mirror))
        own = self.network.state_dict()
        trunk = {
            name: value
            for name, value in weights.items()
            if not name.startswith("head.") and value.shape == own[name].shape
        }
        self.network.load_state_dict({**own, **trunk})
        self.average.load_state_dict(self.network.state_dict())
        if facts["epoch"] > found.full_only_epochs:  # its rungs have norms of their own already
            self.settings = replace(self.settings, full_only_epochs=0)

    def restore(self, file):
        """Restores everything as it was when `file` was saved, with its settings: seed and arithmetic too, whatever is
        asked for now.

        Raises ValueError when `file` is part of another decay, or does not fit, OSError.
        """
        (state, found), asked = read_checkpoint(file), self.settings
        must_fit(file, found, asked)
        must_have_classes(file, state["network"], self.network.head.out_features)
        must_have_learnt_from(file, state, self.mean, self.deviation)
        if state["decay_start"] is not None and found.decay != asked.decay:
            raise ValueError(f"{file}: decays in {found.decay} epochs; move it away, or give --decay as before")
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.epoch, self.decay_start = state["epoch"], state["decay_start"]
        self.settings = replace(found, decay=asked.decay, **asked_or_found(asked, found))
        self.flips = self.drawn_flips()


def asked_or_found(asked, found):
    """What a continued run may be asked to do otherwise than the `found` settings say."""
    return {"teacher": asked.teacher or found.teacher, "cutout": asked.cutout or found.cutout}
