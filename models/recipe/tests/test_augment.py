import pytest
import torch

from budgetnet.augment import cut_out


@pytest.mark.parametrize("side", [1, 7, 8, 31])
def test_cutout_hides_one_square_of_every_image_and_nothing_else(side):
    """Whole, or cut off by the edges, with its middle within the image."""
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
