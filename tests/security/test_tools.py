"""`scripts/check-security` ends with 1 for what its tools are there to find."""

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Put together here, so that the tool that looks for such texts does not find them in this file.
PLANTED = {
    "a shell": ("import subprocess\nsubprocess.call('ls ' + input(), shell=True)\n", "B602"),
    "a key of a cloud": (f"KEY = 'AKIA{'QYLPMN5HHHFPZAM2'}'\n", "AWS Access Key"),
    "a private key": (f"{'-' * 5}BEGIN RSA {'PRIVATE'} KEY{'-' * 5}\n", "Private Key"),
}


@pytest.mark.parametrize("text", PLANTED.values(), ids=PLANTED)
def test_what_is_planted_is_found(text: tuple[str, str], tmp_path: Path) -> None:
    """It names what it found and ends with 1."""
    (tmp_path / "planted.py").write_text(text[0])

    done = _check(tmp_path / "planted.py")

    assert done.returncode == 1
    assert text[1] in done.stdout


def test_what_is_in_order_is_not_named(tmp_path: Path) -> None:
    """It says nothing and ends with 0."""
    (tmp_path / "planted.py").write_text("print('hello')\n")

    done = _check(tmp_path / "planted.py")

    assert (done.returncode, done.stdout) == (0, "")


def _check(file: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(ROOT / "scripts" / "check-security"), str(file)], capture_output=True, text=True)
