import json

import numpy as np
import onnx
import onnxruntime
import pytest
from conftest import DEVIATION, MEAN, measured

from budgetnet.outcomes import logits_of
from budgetnet.package import write_check, write_graphs


def written(folder, architecture, size=32):
    network, pixels = measured(architecture.for_size(size), size)
    policies = write_graphs(folder, network, MEAN.numpy(), DEVIATION.numpy(), 5, size)
    return network, pixels, policies


@pytest.mark.parametrize("size", [32, 64, 96])
def test_exported_graphs_give_the_logits_of_the_network(each, tmp_path, size):
    network, pixels, policies = written(tmp_path, each, size)
    expected = logits_of(network, pixels, MEAN, DEVIATION)
    assert [policy["widths"] for policy in policies[:-1]] == [list(rung) for rung in each.rungs]
    for index, policy in enumerate(policies[:-1]):
        session = onnxruntime.InferenceSession(str(tmp_path / policy["file"]))
        [asked] = session.get_inputs()
        assert (asked.name, asked.type, asked.shape) == ("pixels", "tensor(uint8)", ["images", size, size, 3])
        logits = session.run(None, {"pixels": pixels.numpy()})[0]
        assert np.abs(logits - expected[index]).max() < 1e-3
        assert (logits.argmax(1) == expected[index].argmax(1)).all()


def test_the_last_policy_is_a_second_view_by_the_graph_of_the_whole_network(each, tmp_path):
    network, pixels, policies = written(tmp_path, each)
    full, second = policies[-2:]
    assert second == {**full, "id": f"{full['id']}-mirrored", "mirrored": True}
    session = onnxruntime.InferenceSession(str(tmp_path / second["file"]))
    views = [session.run(None, {"pixels": view})[0] for view in (pixels.numpy(), pixels.numpy()[:, :, ::-1].copy())]
    assert np.abs(sum(views) / 2 - logits_of(network, pixels, MEAN, DEVIATION)[-1]).max() < 1e-3


def external(file):
    """(offset, bytes) in weights.bin by the name of each tensor that a graph keeps outside itself."""
    found = {}
    for tensor in onnx.load(str(file), load_external_data=False).graph.initializer:
        place = {entry.key: entry.value for entry in tensor.external_data}
        if place:
            assert place["location"] == "weights.bin" and tensor.data_type == onnx.TensorProto.FLOAT16
            found[tensor.name] = (int(place["offset"]), int(place["length"]))
    return found


def test_all_policies_share_one_file_of_weights(each, tmp_path):
    network, _, policies = written(tmp_path, each)
    size = (tmp_path / "weights.bin").stat().st_size
    stored = sum(2 * parameter.numel() for parameter in network.parameters() if parameter.ndim > 1)
    assert stored <= size < stored + 64 * 20
    full = external(tmp_path / policies[-1]["file"])
    for policy in policies:
        for name, (offset, length) in external(tmp_path / policy["file"]).items():
            assert offset % 64 == 0 and offset + length <= size
            assert offset == full[name][0] and length <= full[name][1]


def test_narrow_weights_are_the_first_rows_of_wide_ones(tiny, tmp_path):
    network, _, policies = written(tmp_path, tiny)
    offset, length = external(tmp_path / policies[1]["file"])["layers_2_conv2"]
    stored = np.frombuffer((tmp_path / "weights.bin").read_bytes()[offset : offset + length], np.float16).reshape(
        16, 32, 3, 3
    )
    expected = network.layers[2].conv2.weight[:, :16].detach().half().numpy()
    assert (stored.transpose(1, 0, 2, 3) == expected).all()


def test_paths_run_as_one_convolution_of_groups(each, tmp_path):
    _, _, policies = written(tmp_path, each)
    for policy in policies:
        nodes = onnx.load(str(tmp_path / policy["file"]), load_external_data=False).graph.node
        found = [
            [field.i for field in node.attribute if field.name == "group"] for node in nodes if node.op_type == "Conv"
        ]
        paths = [paths for paths in policy["widths"] if each.paths and paths > 1]
        assert [groups[0] for groups in found if groups] == paths


def test_check_images_are_spread_and_come_with_their_logits(tiny, tmp_path):
    network, pixels, _ = written(tmp_path, tiny)
    write_check(tmp_path, network, pixels.numpy(), MEAN, DEVIATION)
    check = json.loads((tmp_path / "check.json").read_text())
    picked = np.frombuffer(bytes.fromhex(check["pixels"]), np.uint8).reshape(8, 32, 32, 3)
    assert (picked[0] == pixels[0].numpy()).all() and (picked[7] == pixels[63].numpy()).all()
    assert np.array(check["logits"]).shape == (4, 8, 5)
    assert np.allclose(np.array(check["logits"])[:, 7], logits_of(network, pixels, MEAN, DEVIATION)[:, 63], atol=1e-3)
