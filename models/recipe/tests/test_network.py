import pytest
import torch

from budgetnet import batchnorm
from budgetnet.batchnorm import recalibrate
from budgetnet.network import RESNET, BranchNetwork
from conftest import DEVIATION, MEAN, measured


def test_size_32_keeps_the_network_that_older_checkpoints_hold():
    assert RESNET.for_size(32) == RESNET
    assert BranchNetwork(RESNET, 10).stem.weight.shape == (32, 3, 3, 3)


@pytest.mark.parametrize("size", [32, 64, 96])
def test_each_size_gives_logits(tiny, size):
    network = BranchNetwork(tiny.for_size(size), 5).eval()
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


def test_narrow_norms_start_as_prefixes_of_the_full_one(tiny):
    network, _ = measured(tiny)
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
