import numpy as np
import pytest
import torch
from conftest import DEVIATION, MEAN

from budgetnet import checkpoint
from budgetnet.checkpoint import read_checkpoint, read_kept

KINDS = ["nothing", "text", "array", "arrays", "half a .npz", "tensor", "half a .pt"]


@pytest.fixture(params=KINDS)
def other(request, tmp_path):
    """A file that is neither a checkpoint nor kept weights."""
    file = tmp_path / "file"
    with open(file, "wb") as opened:
        if request.param == "text":
            opened.write(b"hello world")
        if request.param == "array":
            np.save(opened, np.zeros(3))
        if request.param in ("arrays", "half a .npz"):
            np.savez(opened, x=np.zeros(300))
        if request.param in ("tensor", "half a .pt"):
            torch.save(torch.zeros(300), opened)
    if request.param.startswith("half"):
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    return file


@pytest.mark.filterwarnings("ignore:Using a non-tuple sequence")  # PyTorch, of a tensor that is asked for its settings
def test_another_or_a_damaged_file_is_named_with_what_was_expected(other):
    with pytest.raises(ValueError, match=f"{other}: .*checkpoint.* of .*budgetnet.train"):
        read_checkpoint(other)
    with pytest.raises(ValueError, match=f"{other}: .*; expected a file of budgetnet.export --keep"):
        read_kept(other)


def test_a_file_that_is_not_there_is_not_called_damaged(tmp_path):
    for read in (read_checkpoint, read_kept):
        with pytest.raises(FileNotFoundError, match="none"):
            read(tmp_path / "none")


@pytest.mark.parametrize("which", ["mean", "deviation"])
def test_statistics_that_differ_by_as_much_as_one_image_in_45000_changes_are_of_other_images(which):
    found = {"mean": MEAN, "deviation": DEVIATION}
    checkpoint.must_have_learnt_from("a run", found, MEAN + 1e-7, DEVIATION - 1e-7)
    with pytest.raises(ValueError, match="other images"):
        checkpoint.must_have_learnt_from("a run", {**found, which: found[which] + 3e-6}, MEAN, DEVIATION)
