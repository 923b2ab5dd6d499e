"""Loading an SDK in parts: every name stays what it was, and only the files behind the names are loaded."""

import json
import subprocess
import sys

import pytest

from tests.infra.recordings import ROOT

PROGRAM = """
import json, sys
from infra.sdk_parts import load_parts_only
load_parts_only()
import pulumi_aws as aws
found = [aws.kms.Key, aws.kms.KeyArgs, aws.kms.GrantConstraintArgs, aws.kms.outputs.GrantConstraint]
found += [aws.kms.get_key, aws.kms.get_key]
before = sorted(name for name in sys.modules if name.startswith("pulumi_aws.kms."))
nameless = aws.kms.get_key_output
try:
    aws.kms.Kye
    wrong = ""
except AttributeError as error:
    wrong = str(error)
after = sorted(name for name in sys.modules if name.startswith("pulumi_aws.kms."))
print(json.dumps([[one.__module__ for one in found], before, nameless.__module__, wrong, after]))
"""


@pytest.fixture(scope="module")
def loaded() -> list:
    """What a program sees that loads parts of the SDK of AWS, in a process of its own."""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_name_comes_from_the_file_that_defines_it(loaded: list) -> None:
    """It finds a resource, its arguments, nested ones, the outputs and a function, each in its own file."""
    assert loaded[0] == [
        f"pulumi_aws.kms.{file}" for file in ("key", "key", "_inputs", "outputs", "get_key", "get_key")
    ]


def test_no_file_is_loaded_that_nothing_names(loaded: list) -> None:
    """It leaves the other files of the service alone."""
    assert loaded[1] == [f"pulumi_aws.kms.{file}" for file in ("_inputs", "get_key", "key", "outputs")]


def test_a_name_that_no_file_is_called_like_is_found_all_the_same(loaded: list) -> None:
    """It then loads the whole package, as its makers meant it, and a wrong name is Python's own error."""
    assert loaded[2] == "pulumi_aws.kms.get_key"
    assert loaded[3] == "module 'pulumi_aws.kms' has no attribute 'Kye'"
    assert "pulumi_aws.kms.replica_key" in loaded[4]
