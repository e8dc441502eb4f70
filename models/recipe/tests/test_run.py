import shutil
import signal
import subprocess
from pathlib import Path

import pytest

RECIPE = Path(__file__).resolve().parents[1]
MODULE = """
import signal, sys, time
if sys.argv[1:] == ["wait"]:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))
    print("ready", flush=True)
    time.sleep(60)
print(sys.argv[1:])
sys.exit(5)
"""


@pytest.fixture(scope="module")
def launcher(tmp_path_factory):
    """A copy of the launcher that needs no packages, beside a module that ends with 5, or with 7 on SIGTERM."""
    folder = tmp_path_factory.mktemp("launcher")
    shutil.copy(RECIPE / "run", folder)
    (folder / "requirements.txt").write_text("# none\n")
    (folder / "answer.py").write_text(MODULE)
    return folder / "run"


def test_arguments_and_exit_code_pass_and_the_environment_is_made_once(launcher):
    first = subprocess.run([launcher, "answer", "a", "b c"], capture_output=True, text=True)
    assert (first.returncode, first.stdout) == (5, "['a', 'b c']\n") and "Making" in first.stderr
    again = subprocess.run([launcher, "answer"], capture_output=True, text=True)
    assert (again.returncode, again.stderr) == (5, "")


def test_signals_reach_the_module(launcher):
    with subprocess.Popen([launcher, "answer", "wait"], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "ready\n"
        child.send_signal(signal.SIGTERM)
        assert child.wait(10) == 7


def test_without_a_module_it_says_how_it_is_used(launcher):
    answer = subprocess.run([launcher], capture_output=True, text=True)
    assert answer.returncode == 2 and "usage: models/recipe/run MODULE" in answer.stderr
