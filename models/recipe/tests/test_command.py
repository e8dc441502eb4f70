import sys

import pytest

from budgetnet import export, fit_agent, look, make, midway, sample, small, train


@pytest.mark.parametrize("module", [export, fit_agent, look, make, midway, sample, small, train])
def test_no_command_takes_an_option_by_its_beginning(module, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["command", "--help"])
    with pytest.raises(SystemExit, match="0"):
        module.main()
    said = capsys.readouterr().out.split("\n\n")
    assert said[0].startswith("usage: command")
    assert said[1].endswith(".")
    monkeypatch.setattr(sys, "argv", ["command", "--hel"])
    with pytest.raises(SystemExit, match="2"):
        module.main()
    assert "the following arguments are required" in capsys.readouterr().err


def test_an_error_that_a_person_can_fix_ends_a_command_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["sample", "--data", str(tmp_path), "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit, match="2"):
        sample.main()
    assert "error: " in capsys.readouterr().err.splitlines()[-1]
