import json
import sys

import numpy as np
import onnxruntime
import pytest
import torch

from budgetnet import checkpoint, export, train
from budgetnet.batchnorm import recalibrate
from budgetnet.outcomes import logits_of, read_table


@pytest.fixture
def command(tiny, folder, tmp_path, monkeypatch):
    """Runs both commands as a person would, with packages in a folder of the test's own."""
    monkeypatch.setattr(export, "MODELS", tmp_path / "models")

    def run(module, *arguments):
        monkeypatch.setattr(sys, "argv", [module.__name__, "--data", str(folder), *arguments])
        module.main()

    out = ["--out", str(tmp_path / "run"), "--architecture", "tiny"]
    run(train, *out, "--epochs", "2")
    run(train, *out, "--decay", "1")
    checkpoint = ["--checkpoint", str(tmp_path / "run" / "decay.pt"), "--name", "tiny"]
    return lambda *more: run(export, *checkpoint, *more)


def test_export_writes_package_tables_and_card(command, tmp_path):
    command("--test", "--keep", str(tmp_path / "run" / "constant.pt"))
    outcomes = tmp_path / "models" / "outcomes" / "tiny"
    card = json.loads((outcomes / "draft.json").read_text())
    assert card["classes"] == ["cold", "warm"]
    told = {"epochs": 3, "decayEpochs": 1, "rate": 0.2, "learntFrom": 72, "heldOut": 8}
    assert told.items() <= card["training"].items()
    for split, images in (("holdout", 8), ("test", 10)):
        header = json.loads((outcomes / f"{split}.json").read_text())
        logits = np.frombuffer((outcomes / f"{split}.logits.bin").read_bytes(), "<f2").reshape(5, images, 2)
        right = (logits.argmax(2) == np.array(header["truth"])).mean(1)
        assert np.allclose(card["results"][split], right, atol=1e-5)
    assert (tmp_path / "models" / "checkpoints" / "tiny.npz").exists()
    package = {file.name for file in (tmp_path / "models" / "packages" / "tiny").iterdir()}
    assert package == {
        "policy-00.onnx",
        "policy-01.onnx",
        "policy-02.onnx",
        "policy-look.onnx",
        "weights.bin",
        "check.json",
        "agent.onnx",
    }


def test_without_test_images_no_earlier_test_table_stays(command, tmp_path):
    command("--test")
    command()
    outcomes = tmp_path / "models" / "outcomes" / "tiny"
    assert json.loads((outcomes / "draft.json").read_text())["results"]["test"] == []
    assert not (outcomes / "test.json").exists() and not (outcomes / "test.logits.bin").exists()


def test_a_checkpoint_of_other_settings_is_refused(command, capsys, tmp_path):
    file = tmp_path / "run" / "decay.pt"
    state = torch.load(file, weights_only=True)
    torch.save({**state, "settings": {**state["settings"], "depth": 29}}, file)
    with pytest.raises(SystemExit) as exit:
        command()
    assert exit.value.code == 2 and "not a checkpoint of this version" in capsys.readouterr().err


def test_a_file_that_is_no_checkpoint_is_refused(command, capsys, tmp_path):
    file = tmp_path / "photos.zip"
    file.write_bytes(b"PK")
    with pytest.raises(SystemExit, match="2"):
        command("--checkpoint", str(file))
    said = capsys.readouterr().err
    assert f"{file}: another kind of file, or damaged (" in said and "expected a checkpoint" in said


def test_names_that_would_leave_the_folder_are_refused(command, capsys):
    with pytest.raises(SystemExit) as exit:
        command("--name", "../elsewhere")
    assert exit.value.code == 2 and "expected [a-z0-9-]" in capsys.readouterr().err


def test_a_package_stays_whole_until_the_next_one_is_made(command, tmp_path, monkeypatch):
    command("--test")
    folders = [tmp_path / "models" / kind / "tiny" for kind in ("packages", "outcomes")]

    def bytes_of():
        return {file: file.read_bytes() for folder in folders for file in folder.iterdir()}

    before = bytes_of()
    with monkeypatch.context() as patched:
        patched.setattr(export, "add_look", lambda *_: 1 / 0)  # stopped meanwhile
        with pytest.raises(ZeroDivisionError):
            command()
    assert bytes_of() == before
    (folders[0] / "policy-09.onnx").write_bytes(b"of a longer ladder")
    command()
    assert not (folders[0] / "policy-09.onnx").exists()
    assert {folder.name for folder in (tmp_path / "models" / "packages").iterdir()} == {"tiny"}


def test_tables_are_of_rounded_weights_and_statistics_of_the_images_to_learn_from(made_models, folder, monkeypatch):
    """Rounded so coarsely that it shows."""

    @torch.no_grad()
    def coarsely(network):
        for weights in network.parameters():
            if weights.ndim > 1:
                weights.mul_(32).round_().div_(32)

    monkeypatch.setattr(export, "round_weights", coarsely)
    file = made_models / "runs" / "mine" / "decay.pt"
    learn, held, test = images = export.load_all(folder, 32, tested=True)
    export.export_checkpoint(file, "mine", "1.0.0", lambda _: images)
    made, state, _ = checkpoint.averaged(file)
    coarsely(made)
    recalibrate(made, torch.from_numpy(learn.pixels), state["mean"], state["deviation"])
    for split, shown in (("holdout", held), ("test", test)):
        said = read_table(made_models / "outcomes" / "mine", split)[0][1:]
        expected = logits_of(made, torch.from_numpy(shown.pixels), state["mean"], state["deviation"])
        assert np.allclose(said, expected, rtol=1e-3, atol=1e-3)
    for policy in range(3):
        session = onnxruntime.InferenceSession(str(made_models / "packages" / "mine" / f"policy-{policy:02d}.onnx"))
        assert np.allclose(session.run(None, {"pixels": test.pixels})[0], expected[policy], rtol=1e-3, atol=1e-3)


def test_codebook_and_calibration_never_see_test_images(command, folder, tmp_path):
    """With other test images, and wrong labels for them, the package and everything that is fitted stay the same."""
    made = tmp_path / "models"

    def of_the_package():
        draft = json.loads((made / "outcomes" / "tiny" / "draft.json").read_text())
        draft["results"].pop("test")
        held = {file.name: file.read_bytes() for file in (made / "outcomes" / "tiny").glob("holdout*")}
        return draft, held, {file.name: file.read_bytes() for file in (made / "packages" / "tiny").iterdir()}

    command("--test")
    tested = (made / "outcomes" / "tiny" / "test.logits.bin").read_bytes()
    with_theirs = of_the_package()
    cold, warm = (folder / "test" / name for name in ("cold", "warm"))
    cold.rename(folder / "cold"), warm.rename(cold), (folder / "cold").rename(warm)
    command("--test")
    assert (made / "outcomes" / "tiny" / "test.logits.bin").read_bytes() != tested
    assert of_the_package() == with_theirs
    command()
    assert of_the_package() == with_theirs
