from contextlib import contextmanager

import pytest
import torch
from torch import nn

from budgetnet import cost
from budgetnet.network import RESNET, RESNEXT29, BranchNetwork

NOTHING = (0,) * 6
POOLED = 16 * 16 * 32 * 64 + 8 * 8 * 64 * 128 + 4 * 4 * 128 * 256  # the 1x1 convolutions between stages


def test_macs_of_a_block_as_counted_by_hand():
    with_block = cost.macs(RESNET, (16, 0, 0, 0, 0, 0), 10)
    without = cost.macs(RESNET, NOTHING, 10)
    assert with_block - without == 2 * (3 * 3 * 32 * 16) * 32 * 32
    assert without == 32 * 32 * 3 * 9 * 32 + POOLED + 256 * 10


def test_parameters_of_a_block_as_counted_by_hand():
    with_block = cost.parameters(RESNET, (16, 0, 0, 0, 0, 0), 10)
    assert with_block - cost.parameters(RESNET, NOTHING, 10) == 2 * (3 * 3 * 32 * 16) + 2 * 16 + 2 * 32


def test_macs_of_a_block_of_paths_as_counted_by_hand():
    none = (0,) * 9
    first = 32 * 32 * (64 * 32) + 16 * 16 * (
        3 * 3 * 32 * 32 + 32 * 128
    )  # the fourth block halves the resolution in its 3x3
    for paths in (1, 2, 3, 4):
        with_block = cost.macs(RESNEXT29, (0, 0, 0, paths, 0, 0, 0, 0, 0), 10)
        assert with_block - cost.macs(RESNEXT29, none, 10) == paths * first
    stem, shortcuts = 32 * 32 * 3 * 9 * 16, 32 * 32 * 16 * 64 + 16 * 16 * 64 * 128 + 8 * 8 * 128 * 256
    assert cost.macs(RESNEXT29, none, 10) == stem + shortcuts + 256 * 10


def test_parameters_of_a_block_of_paths_as_counted_by_hand():
    with_block = cost.parameters(RESNEXT29, (0, 3, 0, 0, 0, 0, 0, 0, 0), 10)
    path = 64 * 16 + 3 * 3 * 16 * 16 + 16 * 64 + 2 * 16 + 2 * 16
    assert with_block - cost.parameters(RESNEXT29, (0,) * 9, 10) == 3 * path + 2 * 64


def test_the_backbone_of_the_thesis():
    assert RESNEXT29.rungs[-1] == RESNEXT29.full == (4,) * 9
    assert round(cost.macs(RESNEXT29, RESNEXT29.full, 10) / 1e6, 1) == 171.4
    assert round(cost.parameters(RESNEXT29, RESNEXT29.full, 10) / 1e6, 2) == 1.11


def test_larger_inputs_cost_what_their_stem_costs():
    assert cost.macs(RESNET.for_size(64), NOTHING, 10, 64, 64) == 32 * 32 * 3 * 9 * 32 + POOLED + 256 * 10
    stem = 24 * 24 * 3 * 25 * 32
    pooled = 12 * 12 * 32 * 64 + 6 * 6 * 64 * 128 + 3 * 3 * 128 * 256
    assert cost.macs(RESNET.for_size(96), NOTHING, 10, 96, 96) == stem + pooled + 256 * 10


@contextmanager
def counting(monkeypatch):
    """Yields a list that receives (MACs, weights) of each convolution and linear layer that PyTorch really runs."""
    counted = []

    def counted_version(original, area):
        def run(x, weight, *arguments, **named):
            y = original(x, weight, *arguments, **named)
            counted.append((weight.numel() * area(y), weight.numel()))
            return y

        return run

    with monkeypatch.context() as patch:
        patch.setattr(
            nn.functional, "conv2d", counted_version(nn.functional.conv2d, lambda y: y.shape[-1] * y.shape[-2])
        )
        patch.setattr(nn.functional, "linear", counted_version(nn.functional.linear, lambda y: 1))
        yield counted


@pytest.mark.parametrize("size", [32, 64, 96])
def test_macs_and_parameters_as_counted_on_a_real_run(each, monkeypatch, size):
    architecture = each.for_size(size)
    network = BranchNetwork(architecture, 5).eval()
    for policy, widths in enumerate(each.rungs):
        with counting(monkeypatch) as counted:
            network(torch.zeros(1, 3, size, size), policy)
        assert sum(macs for macs, _ in counted) == cost.macs(architecture, widths, 5, size, size)
        norms = [norm[policy] for norm in network.norms() if isinstance(norm[policy], nn.BatchNorm2d)]
        others = sum(2 * norm.num_features for norm in norms) + network.head.bias.numel()
        assert sum(weights for _, weights in counted) + others == cost.parameters(architecture, widths, 5)


def test_the_full_policy_has_every_weight_of_the_network(each):
    network = BranchNetwork(each, 5)
    weights = sum(parameter.numel() for parameter in network.parameters() if parameter.ndim > 1)
    norms = sum(2 * norm[-1].num_features for norm in network.norms())
    assert cost.parameters(each, each.full, 5) == weights + norms + network.head.bias.numel()


@pytest.mark.parametrize("size", [32, 64, 96])
@pytest.mark.parametrize("whole", [RESNET, RESNEXT29], ids=lambda whole: whole.name)
def test_rungs_cover_the_shares_they_were_drawn_for(whole, size):
    architecture = whole.for_size(size)
    macs = [cost.macs(architecture, rung, 10, size, size) for rung in whole.rungs]
    assert macs == sorted(set(macs))
    assert macs[0] <= 0.15 * macs[-1]
    assert cost.macs(architecture, (0,) * len(whole.full), 10, size, size) < 0.05 * macs[-1]


def test_the_whole_network():
    assert RESNET.rungs[-1] == RESNET.full
    assert 105e6 < cost.macs(RESNET, RESNET.full, 10) < 120e6
    assert all(width % 16 == 0 for rung in RESNET.rungs for width in rung)
