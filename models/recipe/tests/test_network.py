from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from conftest import DEVIATION, MEAN, measured

from budgetnet import batchnorm
from budgetnet.batchnorm import recalibrate
from budgetnet.network import RESNET, RESNEXT29, BranchNetwork


def test_size_32_keeps_the_network_that_older_checkpoints_hold():
    assert RESNET.for_size(32) == RESNET
    assert BranchNetwork(RESNET, 10).stem.weight.shape == (32, 3, 3, 3)


@pytest.mark.parametrize("size", [32, 64, 96])
def test_each_size_gives_logits(each, size):
    network = BranchNetwork(each.for_size(size), 5).eval()
    for policy in range(3):
        assert network(torch.zeros(2, 3, size, size), policy).shape == (2, 5)


def test_other_sizes_are_refused():
    with pytest.raises(ValueError, match="expected one of 32, 64, 96"):
        RESNET.for_size(48)


def test_a_skipped_block_changes_nothing(tiny):
    network, _ = measured(tiny)
    block = network.layers[0]
    x = torch.rand(1, 16, 8, 8)
    assert block(x, 0) is x and not torch.equal(block(x, 1), x)


@pytest.fixture(scope="module")
def backbone():
    """ResNeXt29 with random weights and statistics."""
    torch.manual_seed(3)
    network = BranchNetwork(RESNEXT29, 5).eval()
    for values in network.state_dict().values():
        if values.ndim == 1:
            values.uniform_(0.5, 1.5)
    return network


def part_of(norm, y, own):
    """Batch norm by the channels `own` of `norm`."""
    return F.batch_norm(y, norm.running_mean[own], norm.running_var[own], norm.weight[own], norm.bias[own])


def path_by_path(x, block, policy):
    """A block as the thesis runs it: each path on its own, their sum, batch norm, shortcut."""
    size, total = block.conv2.weight.shape[1], 0
    for start in range(0, block.widths[policy], size):
        own = slice(start, start + size)
        hidden = F.relu(part_of(block.norm1[policy], F.conv2d(x, block.conv1.weight[own]), own))
        hidden = F.conv2d(hidden, block.conv2.weight[own], stride=block.conv2.stride, padding=1)
        hidden = F.relu(part_of(block.norm2[policy], hidden, own))
        total = total + F.conv2d(hidden, block.conv3.weight[:, own])
    return F.relu(block.norm3[policy](total) + (block.shortcut(x, policy) if block.shortcut else x))


@torch.no_grad()
@pytest.mark.parametrize("policy", range(1, 6))
@pytest.mark.parametrize("layer", [0, 1, 3])  # a shortcut convolution, none, one that halves the resolution
def test_merged_paths_give_what_separate_ones_give(backbone, layer, policy):
    block = backbone.layers[layer]
    x = torch.rand(2, block.conv1.in_channels, 8, 8)
    assert block.widths[policy] == RESNEXT29.rungs[policy][layer] * block.conv2.weight.shape[1]
    assert torch.allclose(block(x, policy), path_by_path(x, block, policy), rtol=1e-4, atol=1e-3)


@torch.no_grad()
def test_a_block_without_paths_runs_its_shortcut_convolution():
    architecture = replace(RESNEXT29, rungs=((0,) * 9, RESNEXT29.full))
    block = BranchNetwork(architecture, 5).eval().layers[3]
    x = torch.rand(2, 64, 8, 8)
    pooled = block.shortcut.conv(F.avg_pool2d(x, 2))
    assert torch.equal(block(x, 0), F.relu(block.shortcut.norm[0](pooled))) and pooled.shape == (2, 128, 4, 4)


def test_narrow_norms_start_as_prefixes_of_the_full_one(each):
    network, _ = measured(each)
    network.norms_from_full()
    for norms in network.norms():
        for norm in [norm for norm in norms if isinstance(norm, torch.nn.BatchNorm2d)]:
            for name in ("weight", "bias", "running_mean", "running_var"):
                assert torch.equal(getattr(norm, name), getattr(norms[-1], name)[: norm.num_features])


def test_recalibration_changes_statistics_and_nothing_else(tiny):
    network, pixels = measured(tiny)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    recalibrate(network, pixels // 2, MEAN, DEVIATION)
    after = network.state_dict()
    changed = {name.rsplit(".", 1)[-1] for name in after if not torch.equal(after[name], before[name])}
    assert changed == {"running_mean", "running_var"}


def test_recalibration_sees_all_classes_of_images_sorted_by_class(tiny, monkeypatch):
    monkeypatch.setattr(batchnorm, "IMAGES", 32)
    network, _ = measured(tiny)
    sorted_by_class = torch.cat([torch.zeros(64, 32, 32, 3), torch.full((64, 32, 32, 3), 255)]).to(torch.uint8)
    recalibrate(network, sorted_by_class, torch.zeros(3), torch.ones(3))
    seen = network.stem_norm[0].running_var.max()
    recalibrate(network, sorted_by_class[:64], torch.zeros(3), torch.ones(3))
    assert seen > 1e-3 > network.stem_norm[0].running_var.max()
