import numpy as np
import onnxruntime
import torch
from torch import nn

from budgetnet import cost
from budgetnet.batchnorm import recalibrate
from budgetnet.export import round_weights, write_graphs
from budgetnet.network import RESNET, BranchNetwork
from budgetnet.outcomes import logits_of

MEAN, DEVIATION = torch.tensor([0.5, 0.4, 0.3]), torch.tensor([0.2, 0.3, 0.25])


def test_macs_of_a_block_as_counted_by_hand():
    with_block = cost.macs(RESNET, (16, 0, 0, 0, 0, 0), 10)
    without = cost.macs(RESNET, (0, 0, 0, 0, 0, 0), 10)
    assert with_block - without == 2 * (3 * 3 * 32 * 16) * 32 * 32
    assert without == 32 * 32 * 3 * 9 * 32 + 16 * 16 * 32 * 64 + 8 * 8 * 64 * 128 + 4 * 4 * 128 * 256 + 256 * 10


def test_macs_as_counted_by_hooks_on_a_real_run(tiny):
    network = BranchNetwork(tiny, 5).eval()
    counted = []
    original = nn.functional.conv2d

    def counting(x, weight, *arguments, **options):
        y = original(x, weight, *arguments, **options)
        counted.append(weight.numel() * y.shape[-1] * y.shape[-2])
        return y

    nn.functional.conv2d = counting
    try:
        for policy, widths in enumerate(tiny.rungs):
            counted.clear()
            network(torch.zeros(1, 3, 32, 32), policy)
            assert sum(counted) + network.head.weight.numel() == cost.macs(tiny, widths, 5)
    finally:
        nn.functional.conv2d = original


def test_the_rungs_are_what_the_issue_of_cheapness_asks_for():
    full = cost.macs(RESNET, RESNET.rungs[-1], 10)
    assert RESNET.rungs[-1] == RESNET.full
    assert 105e6 < full < 120e6
    assert cost.macs(RESNET, RESNET.rungs[0], 10) <= 0.15 * full
    assert cost.macs(RESNET, (0,) * 6, 10) < 0.05 * full
    shares = [cost.macs(RESNET, rung, 10) for rung in RESNET.rungs]
    assert shares == sorted(set(shares))


def trained_a_little(tiny):
    torch.manual_seed(3)
    network = BranchNetwork(tiny, 5)
    for parameter in network.parameters():
        if parameter.ndim == 1:
            nn.init.uniform_(parameter, 0.5, 1.5)
    pixels = torch.randint(0, 256, (64, 32, 32, 3), dtype=torch.uint8)
    round_weights(network)
    recalibrate(network, pixels, MEAN, DEVIATION)
    return network, pixels


def test_exported_graphs_say_what_the_network_says(tiny, tmp_path):
    network, pixels = trained_a_little(tiny)
    policies = write_graphs(tmp_path, network, MEAN.numpy(), DEVIATION.numpy(), 5, 32)
    expected = logits_of(network, pixels, MEAN, DEVIATION)
    for index, policy in enumerate(policies):
        assert policy["widths"] == list(tiny.rungs[index])
        session = onnxruntime.InferenceSession(str(tmp_path / policy["file"]))
        logits = session.run(None, {"pixels": pixels.numpy()})[0]
        assert np.abs(logits - expected[index]).max() < 1e-3
        assert (logits.argmax(1) == expected[index].argmax(1)).all()


def test_all_policies_share_one_file_of_weights(tiny, tmp_path):
    network, _ = trained_a_little(tiny)
    write_graphs(tmp_path, network, MEAN.numpy(), DEVIATION.numpy(), 5, 32)
    stored = sum(2 * parameter.numel() for parameter in network.parameters() if parameter.ndim > 1)
    assert stored <= (tmp_path / "weights.bin").stat().st_size < stored + 64 * 20


def test_recalibration_changes_statistics_and_nothing_else(tiny):
    network, pixels = trained_a_little(tiny)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    recalibrate(network, pixels // 2, MEAN, DEVIATION)
    changed = {name.rsplit(".", 1)[-1] for name, value in network.state_dict().items() if not torch.equal(value, before[name])}
    assert changed == {"running_mean", "running_var"}
