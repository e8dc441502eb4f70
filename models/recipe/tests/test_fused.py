import shutil
import sys
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from budgetnet import fused, network
from budgetnet.network import BranchNetwork

SURE = {torch.float32: 1e-5, torch.bfloat16: 5e-3}


@pytest.fixture(autouse=True)
def compiled():
    if not (
        sys.platform == "linux" and shutil.which("g++") and any((Path(torch.__file__).parent / "lib").glob("libgomp*"))
    ):
        pytest.skip("no g++, or not PyTorch's build for Linux from PyPI")
    assert fused.library() is not None


def lying_last(values):
    return values.contiguous(memory_format=torch.channels_last).requires_grad_()


def apart(one, other):
    """How far `one` is from `other`, as a part of its length: a ReLU may decide differently on a few values near 0."""
    return float((one.detach().float() - other.detach()).norm() / other.detach().norm())


@pytest.mark.parametrize("dtype", SURE)
@pytest.mark.parametrize(
    "channels, added, relu", [(16, False, True), (64, True, True), (10, False, False), (48, True, False)]
)
def test_values_gradients_and_statistics_are_those_of_pytorch(dtype, channels, added, relu):
    torch.manual_seed(5)
    torch.set_num_threads(3)
    shape, norm, own = (30, channels, 9, 7), nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)
    nn.init.uniform_(norm.weight, 0.5, 2), nn.init.normal_(norm.bias)
    own.load_state_dict(norm.state_dict())
    x, rest, grad = (torch.randn(shape).mul(3).add(1).to(dtype) for _ in range(3))
    here = [lying_last(x.clone())] + [lying_last(rest.clone())] * added
    there = [values.float().requires_grad_() for values in (x, rest)[: 1 + added]]

    assert fused.fits(own, *here)
    found = fused.fused(own, *here, *[None] * (not added), relu)
    found.backward(grad)
    expected = norm(there[0]) + (there[1] if added else 0)
    expected = F.relu(expected) if relu else expected
    expected.backward(grad.float())

    pairs = [(found, expected), (own.weight.grad, norm.weight.grad), (own.bias.grad, norm.bias.grad)]
    pairs += [(own.running_mean, norm.running_mean), (own.running_var, norm.running_var)]
    pairs += [(one.grad, other.grad) for one, other in zip(here, there)]
    assert all(apart(one, other) < SURE[dtype] for one, other in pairs)
    assert own.num_batches_tracked == 1
    torch.set_num_threads(1)


@pytest.mark.parametrize("dtype", SURE)
@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("where", ["x", "rest"])
def test_what_is_not_a_number_stays_so(dtype, relu, where):
    tensors = {name: torch.randn(2, 16, 5, 5).to(dtype) for name in ("x", "rest")}
    tensors[where][1, 3, 2, 2] = torch.nan
    found = fused.fused(nn.BatchNorm2d(16), lying_last(tensors["x"]), lying_last(tensors["rest"]), relu)
    assert found[1, 3, 2, 2].isnan()


def test_a_small_spread_about_a_large_mean_is_measured():
    x = lying_last(torch.randn(40, 4, 9, 7) + 3000)
    norm = nn.BatchNorm2d(4)
    assert apart(fused.fused(norm, x, None, False), nn.BatchNorm2d(4)(x.detach().double().float())) < 2e-3
    assert apart(norm.running_var, 0.9 + 0.1 * x.detach().double().var((0, 2, 3)).float()) < 1e-4


def test_a_network_learns_the_same_with_and_without(each, monkeypatch):
    gradients = []
    for fits in (fused.fits, lambda *_: False):
        monkeypatch.setattr(network, "fits", fits)
        torch.manual_seed(1)
        made = BranchNetwork(each, 5).to(memory_format=torch.channels_last)
        images = torch.randn(8, 3, 32, 32).contiguous(memory_format=torch.channels_last)
        for policy in range(len(each.rungs)):
            made(images, policy).square().sum().backward()
        gradients.append(torch.cat([p.grad.flatten() for p in made.parameters() if p.grad is not None]))
    assert apart(*gradients) < 1e-3


@pytest.mark.parametrize("unlike", ["learning is over", "other memory", "mixed kinds", "whole averages", "broadcast"])
def test_what_does_not_fit_is_left_to_pytorch(unlike):
    norm, x = nn.BatchNorm2d(4), lying_last(torch.randn(2, 4, 5, 5))
    assert fused.fits(norm, x, x)
    if unlike == "learning is over":
        norm.eval()
    if unlike == "whole averages":
        norm.momentum = None
    other = {
        "other memory": x.detach().clone(memory_format=torch.contiguous_format),
        "mixed kinds": x.bfloat16(),
        "broadcast": x[:1],
    }.get(unlike, x)
    assert not fused.fits(norm, x, other)
