"""One stack file with everything wrong in it: one sentence for each, all at once."""

# ruff: noqa: E501  (a sentence that an operator reads stays on one line, so that it can be searched for)

import json
from pathlib import Path

import pytest
import yaml

from infra import record
from infra.config import parse
from infra.settings import NAMESPACE, SettingsError
from infra.stack_files import ROOT, missing_secrets, stack_file, stack_settings
from tests.infra.recordings import run

STACK = "stacks/Pulumi.aws.yaml: "
EITHER = f"Pulumi.yaml or {STACK}"

WRONG = {
    "lifeboat:region": ("eu-west-9", f"{STACK}lifeboat:region is 'eu-west-9', which is no region of aws in infra/regions.py; did you mean eu-west-3?"),
    "lifeboat:account": (12, f"{STACK}lifeboat:account is '12'; it must be an AWS account number of 12 digits."),
    "lifeboat:hostname": ("www..social.example.org", f"{EITHER}lifeboat:hostname is 'www..social.example.org'; it must be a lower-case name of up to 64 characters (a certificate's common name) below your domain, such as www.example.org (an apex cannot be a CNAME)."),
    "lifeboat:networks": (
        {
            "aws": {"cidr": "10.10.0.0/16", "asn": 64601},
            "azure": {"cidr": "10.10.128.0/17", "asn": 64602},
            "gcp": {"cidr": "10.30.0.0/16", "asn": 64603},
        },
        f"{EITHER}lifeboat:networks gives aws 10.10.0.0/16 and azure 10.10.128.0/17, which overlap; joined sites must not.",
    ),
    "lifeboat:databse_memory_mib": (8192, f"{EITHER}lifeboat:databse_memory_mib is not a setting; did you mean database_memory_mib?"),
    "lifeboat:database_storage_gib": (100, f"{EITHER}lifeboat:database_storage_gib is 100, a size that not all three clouds have; the nearest is 128."),
    "lifeboat:service_memory_mib": (3000, f"{EITHER}lifeboat:service_memory_mib is 3000, a size that not all three clouds have; the nearest is 2048."),
    "lifeboat:max_upload_mib": (64, f"{EITHER}lifeboat:max_upload_mib is 64; it must lie between 1 and 30 (Cloud Run refuses requests over 32 MiB)."),
    "lifeboat:capacity": ("huge", f"{EITHER}lifeboat:capacity is 'huge'; it must be one of standby, warm, full."),
    "aws:region": ("eu-west-1", f"{STACK}aws:region is not a setting of this program; did you mean lifeboat:region?"),
    "zones": (["eu-west-1a"], f"{STACK}zones is not a setting of this program; did you mean lifeboat:zones?"),
}  # fmt: skip
MISSING = f"{STACK}lifeboat:signing_key is not set; set it with `pulumi config set --secret signing_key --stack aws`."


def stack_with(folder: Path, config: dict[str, object]) -> Path:
    """Write the committed stack with some entries changed or added; return the folder that holds it."""
    (folder / "stacks").mkdir()
    (folder / "Pulumi.yaml").write_text((ROOT / "Pulumi.yaml").read_text())
    stack = yaml.safe_load((ROOT / stack_file("aws")).read_text())
    stack["config"] |= config
    (folder / stack_file("aws")).write_text(yaml.safe_dump(stack))
    return folder


def wrong_stack(folder: Path) -> dict[str, str]:
    """Write the committed stack with all of that in it, and return its settings by their full keys."""
    return stack_settings("aws", stack_with(folder, {key: value for key, (value, _) in WRONG.items()}))


def test_all_that_is_wrong_in_a_stack_file_is_said_at_once(tmp_path: Path) -> None:
    """It gives each bad setting, and the missing secret, one sentence of its own, and says nothing else."""
    found = wrong_stack(tmp_path)
    own = {key.partition(":")[2]: value for key, value in found.items() if key.startswith(f"{NAMESPACE}:")}
    foreign = tuple(key for key in found if not key.startswith(f"{NAMESPACE}:"))

    with pytest.raises(SettingsError) as refused:
        parse(own | {"signing_key": ""}, "aws", foreign=foreign)

    assert set(refused.value.problems) == {sentence for _, sentence in WRONG.values()} | {MISSING}


def test_the_secrets_that_a_stack_lacks_are_named(tmp_path: Path) -> None:
    """A recording stands in for each: only their names tell that `pulumi up` would refuse."""
    begun: dict[str, object] = {
        f"{NAMESPACE}:secret_key": {"secure": "v1:YQ=="},
        f"{NAMESPACE}:dns_keys": {"ours": {"secure": "v1:Yg=="}},
    }

    assert missing_secrets("aws", stack_with(tmp_path, begun)) == ["signing_key", "vapid_key", "replication_password"]


def test_a_stack_that_joined_others_lacks_its_link_keys_too(tmp_path: Path) -> None:
    """Those belong to a pair of sites, so a stack without peers needs none."""
    place = stack_with(tmp_path, {f"{NAMESPACE}:peers": json.dumps({"gcp": {}})})

    assert "link_keys" in missing_secrets("aws", place)
    assert "link_keys" not in missing_secrets("gcp")


def test_the_program_says_the_same_without_a_traceback() -> None:
    """Run as a preview runs it, it ends with 2 and a sentence for each setting."""
    wrong = {key.partition(":")[2]: said for key, said in WRONG.items() if key.startswith(f"{NAMESPACE}:")}

    finished = run("aws", {key: value for key, (value, _) in wrong.items()})

    assert finished.returncode == 2
    assert [sentence for _, sentence in wrong.values() if sentence not in finished.stderr] == []
    assert "Traceback" not in finished.stderr


BROKEN_FILES = {
    "absent": (None, "stacks/Pulumi.aws.yaml: cannot be read (No such file or directory); stacks/README.md says how to begin one."),
    "no YAML": (b"config:\n  a: [1\n", "stacks/Pulumi.aws.yaml: is no YAML: while parsing a flow sequence"),
    "no text": (b"\xff\xfe\x00", "stacks/Pulumi.aws.yaml: is no YAML"),
    "no table": (b"config: 5\n", "stacks/Pulumi.aws.yaml: has no table named config."),
    "empty": (b"", "stacks/Pulumi.aws.yaml: has no table named config."),
}  # fmt: skip


@pytest.mark.parametrize("what", BROKEN_FILES)
def test_a_stack_file_that_cannot_be_read_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    """It says which file and what is the matter with it, with 2 and no traceback; the other file's fault comes along."""
    content, sentence = BROKEN_FILES[what]
    (tmp_path / "stacks").mkdir()
    if content is not None:
        (tmp_path / "stacks" / "Pulumi.aws.yaml").write_bytes(content)
    monkeypatch.setattr(record, "stack_settings", lambda cloud: stack_settings(cloud, tmp_path))

    with pytest.raises(SystemExit) as ended:
        record.main(["aws"])

    assert ended.value.code == 2
    said = capsys.readouterr().err
    assert sentence in said
    assert "Pulumi.yaml: cannot be read" in said


@pytest.mark.parametrize("key", ["peers", "dns_vendors"])
def test_a_table_that_is_no_json_gets_its_sentence(tmp_path: Path, key: str) -> None:
    """It leaves to the settings what a table must be, instead of stopping at the first that cannot be read."""
    wrong_stack(tmp_path)
    file = tmp_path / "stacks" / "Pulumi.aws.yaml"
    stack = yaml.safe_load(file.read_text())
    stack["config"][f"lifeboat:{key}"] = "{nothing"
    file.write_text(yaml.safe_dump(stack))
    own = {name.partition(":")[2]: value for name, value in stack_settings("aws", tmp_path).items()}

    with pytest.raises(SettingsError) as refused:
        parse(own, "aws")

    assert [problem for problem in refused.value.problems if f"{key} must be a " in problem]
