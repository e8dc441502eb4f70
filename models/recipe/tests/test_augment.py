import pytest
import torch

from budgetnet import augment
from budgetnet.augment import cut_out


@pytest.mark.parametrize("side", [1, 7, 8, 31])
def test_cutout_hides_one_square_of_every_image_and_nothing_else(side):
    """Whole, or cut off by the edges, with its middle inside the image."""
    x = torch.ones(300, 3, 32, 32).contiguous(memory_format=torch.channels_last)
    cut_out(x, side, torch.Generator().manual_seed(3))
    hidden = x == 0
    assert torch.equal(hidden | (x == 1), torch.ones_like(hidden)) and torch.equal(hidden[:, 0], hidden[:, 2])
    rows, columns = hidden[:, 0].any(2), hidden[:, 0].any(1)
    assert torch.equal(hidden[:, 0], rows[:, :, None] & columns[:, None, :])
    for lines in (rows, columns):
        count = lines.sum(1)
        assert count.max() == side and count.min() >= max(1, side // 2)
        whole = lines[count == side].int()
        assert (whole.diff(dim=1) != 0).sum(1).max() <= 2  # in one piece
        assert lines.any(0).all()  # anywhere


def test_cutout_is_drawn_anew():
    x = torch.ones(2, 1, 32, 32)
    generator = torch.Generator().manual_seed(3)
    first, second = x.clone(), x.clone()
    cut_out(first, 8, generator)
    cut_out(second, 8, generator)
    assert not torch.equal(first, second) and not torch.equal(first[0], first[1])


@pytest.fixture
def marked(monkeypatch):
    """Images whose pixels say their column, their row, and which image they are."""
    monkeypatch.setattr(augment, "BATCH", 20)
    lines = torch.arange(32, dtype=torch.uint8)
    pixels = torch.stack(
        torch.broadcast_tensors(lines, lines[:, None], torch.arange(250, dtype=torch.uint8)[:, None, None]), 3
    )
    return pixels.contiguous()


def drawn(pixels, epoch, seed, flips):
    """Of an epoch's images: which they are, whether they are mirrored, and by how much they are shifted, [n] each."""
    parts = list(augment.batches(pixels, epoch, seed, flips))
    x, index = torch.cat([part for part, _, _ in parts]), torch.cat([index for _, index, _ in parts])
    assert torch.equal(x[..., 2], index[:, None, None].expand(-1, 32, 32).float())
    mirrored = x[:, 16, 15, 0] > x[:, 16, 16, 0]
    across = torch.where(mirrored, x[:, 16, 15, 0], x[:, 16, 16, 0]) - 16
    return index, mirrored, torch.stack([x[:, 16, 16, 1] - 16, across])


def test_an_epoch_shows_every_image_at_most_once_shifted_by_up_to_four_pixels_each_way(marked):
    index, mirrored, shifts = drawn(marked, 0, 1, None)
    assert len(index) == len(set(index.tolist())) == 240 and not mirrored.any()
    assert not torch.equal(index, index.sort().values)
    for direction in shifts:
        assert set(direction.tolist()) == set(range(-4, 5))
    assert (shifts[0] != shifts[1]).any()


def test_an_image_is_mirrored_every_other_epoch(marked):
    flips = torch.rand(250, generator=torch.Generator().manual_seed(0)) < 0.5
    for epoch in range(3):
        index, mirrored, _ = drawn(marked, epoch, 1, flips)
        assert torch.equal(mirrored, flips[index] ^ (epoch % 2 == 1))


def test_every_epoch_and_every_seed_is_drawn_anew(marked):
    (first, _, shift), *others = (drawn(marked, *drawing, None) for drawing in ((0, 1), (1, 1), (0, 2)))
    for index, _, shifts in others:
        assert not torch.equal(index, first) and not torch.equal(shifts, shift)
