"""What one step of training does, and an epoch of steps."""

from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F

from budgetnet import augment, teacher
from budgetnet.trainer import EMA_STEPS, LABEL_SMOOTHING, WEIGHT_DECAY, Trainer


def test_every_step_has_the_rate_of_its_progress_for_all_weights(settings, learn, monkeypatch):
    trainer, used = Trainer(replace(settings, decay=2), learn), []
    trainer.decay_start = 0

    def step(*_):
        used.append([group["lr"] for group in trainer.optimiser.param_groups])
        return torch.zeros(()), torch.zeros(())

    monkeypatch.setattr(trainer, "step", step)
    trainer.run_epoch(), trainer.run_epoch()
    assert np.allclose(used, [[0.2 * (1 - number / 6)] * 2 for number in range(6)])


def test_convolutions_and_head_decay_and_nothing_else(settings, learn):
    decayed, plain = Trainer(settings, learn).optimiser.param_groups
    assert decayed["weight_decay"] == WEIGHT_DECAY and plain["weight_decay"] == 0
    assert all(p.ndim > 1 for p in decayed["params"]) and all(p.ndim == 1 for p in plain["params"])


def first_step(settings, learn, epoch):
    trainer = Trainer(settings, learn)
    trainer.epoch = epoch
    trainer.network.train()
    trainer.step(*next(augment.batches(trainer.pixels, 0, 1, trainer.flips)))
    return trainer


def test_the_average_takes_a_part_of_every_step(settings, learn):
    before = Trainer(settings, learn).network
    trainer = first_step(settings, learn, 0)
    for old, now, average in zip(before.parameters(), trainer.network.parameters(), trainer.average.parameters()):
        torch.testing.assert_close(average, old + (now - old) / EMA_STEPS)


def gradients(trainer):
    """Of the stem's norm, by rung; a rung's own."""
    return [norm.bias.grad for norm in trainer.network.stem_norm]


def test_a_drawn_rung_learns_what_the_full_network_says_and_teaches_it_nothing(settings, learn):
    alone, both = gradients(first_step(settings, learn, 0)), gradients(first_step(settings, learn, 1))
    other = gradients(first_step(settings, replace(learn, labels=1 - learn.labels), 1))
    assert [grad is not None for grad in alone] == [False, False, True]
    assert sum(grad is not None for grad in both[:-1]) == 1 and torch.equal(both[-1], alone[-1])
    for grad, same in zip(both[:-1], other[:-1]):
        assert grad is None or (grad.any() and torch.equal(grad, same))
    assert not torch.equal(both[-1], other[-1])


def test_seven_tenths_of_what_is_learnt_are_the_teachers(settings, learn):
    trainer = Trainer(settings, learn)
    trainer.taught = torch.rand(72, 2).softmax(1)
    logits, index = torch.randn(20, 2), torch.arange(20)
    by_labels = F.cross_entropy(logits, trainer.labels[index], label_smoothing=LABEL_SMOOTHING)
    expected = 0.3 * by_labels + 0.7 * teacher.loss_by(logits, trainer.taught[index])
    torch.testing.assert_close(trainer.full_loss(logits, index), expected)


def test_it_learns_to_tell_the_classes_apart(settings, learn):
    trainer = Trainer(settings, learn)
    lines = [trainer.run_epoch() for _ in range(12)]
    assert lines[-1]["trainAccuracy"] > 0.9


def test_another_seed_is_another_network_and_mirrors_other_images(settings, learn):
    one, two = (Trainer(replace(settings, seed=seed), learn) for seed in (1, 2))
    assert not torch.equal(one.network.stem.weight, two.network.stem.weight) and not torch.equal(one.flips, two.flips)


def test_a_hidden_square_is_of_the_mean_colour(settings, learn, monkeypatch):
    seen = []
    trainer = Trainer(replace(settings, cutout=8), learn)
    trainer.network.register_forward_pre_hook(lambda _, given: seen.append(given[0].clone()))
    trainer.step(*next(augment.batches(trainer.pixels, 0, 1, trainer.flips)))
    hidden = (seen[0] == 0).all(1).sum((1, 2))
    assert hidden.min() >= 16 and hidden.max() <= 64 + 4


def test_rungs_begin_with_norms_of_the_full_network_when_its_own_epochs_are_over(settings, learn, monkeypatch):
    trainer = Trainer(settings, learn)
    trainer.run_epoch()
    monkeypatch.setattr(trainer, "step", lambda *_: (torch.zeros(()), torch.zeros(())))
    trainer.run_epoch()
    for made in (trainer.network, trainer.average):
        narrow, full = made.stem_norm[0], made.stem_norm[-1]
        assert narrow.weight.ne(1).any() and torch.equal(narrow.weight, full.weight)
