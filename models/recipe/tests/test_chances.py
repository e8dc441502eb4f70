import numpy as np
import torch

from budgetnet.chances import GROUP_MIN, targets
from budgetnet.ladder import ladder_of

POLICIES = [{"macs": 100}, {"macs": 1000}]


def drawn(images=2000, seed=0):
    """A ladder whose costliest rung knows the chances of 4 classes (by logits that are too sure) while the cheapest
    guesses; and those chances for what each rung says [rungs, images].
    """
    random = np.random.default_rng(seed)
    logits = random.normal(0, 1.5, (images, 4))
    chances = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = np.array([random.choice(4, p=row) for row in chances])
    said = np.stack([logits + random.normal(0, 1, (images, 4)), 2 * logits])
    labels = said.argmax(-1)
    return ladder_of(said, truth, POLICIES), np.stack([chances[np.arange(images), row] for row in labels])


def test_chances_lie_nearer_to_the_truth_than_one_draw_of_it():
    ladder, chances = drawn()
    right = ladder.right.numpy()
    assert (((targets(ladder) - chances) ** 2).mean(1) < 0.2 * ((right - chances) ** 2).mean(1)).all()


def test_they_are_right_on_average_whether_a_rung_agrees_with_the_costliest_or_not():
    ladder, _ = drawn()
    right, labels = ladder.right.numpy(), ladder.labels.numpy()
    for rung, alike in enumerate(labels == labels[-1]):
        for group in (alike, ~alike):
            if group.sum() >= GROUP_MIN:
                assert np.isclose(targets(ladder)[rung, group].mean(), right[rung, group].mean())


def test_nothing_is_learnt_from_images_that_are_left_out():
    ladder, _ = drawn(400)
    part = ladder.take(torch.arange(100, 400))
    other = ladder_of(
        np.stack([ladder.last.numpy()] * 2),
        np.where(np.arange(400) < 100, (ladder.truth.numpy() + 1) % 4, ladder.truth),
        POLICIES,
    )
    same = ladder_of(np.stack([ladder.last.numpy()] * 2), ladder.truth.numpy(), POLICIES)
    assert targets(part).shape == (2, 300)
    assert np.array_equal(targets(other.take(torch.arange(100, 400))), targets(same.take(torch.arange(100, 400))))
