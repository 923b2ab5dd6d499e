"""The three stack files: only what differs, the same keys in the same order."""

import yaml

from infra import clouds, rules
from infra.config import SECRET_KEYS, SHARED_KEYS, STACK_KEYS, parse
from infra.stack_files import stack_settings
from tests.infra.recordings import ROOT


def test_stacks_have_the_same_keys_in_the_same_order() -> None:
    """It finds exactly the stack keys, in one order, in all three files."""
    files = {name: yaml.safe_load((ROOT / "stacks" / f"Pulumi.{name}.yaml").read_text()) for name in clouds.NAMES}

    keys = {name: tuple(file["config"]) for name, file in files.items()}

    assert keys == dict.fromkeys(clouds.NAMES, tuple(f"lifeboat:{key}" for key in STACK_KEYS))


def test_shared_settings_are_typed_and_described_once() -> None:
    """It finds each shared setting in Pulumi.yaml with a type, a description and a default; no secret is declared."""
    project = yaml.safe_load((ROOT / "Pulumi.yaml").read_text())

    assert tuple(project["config"]) == SHARED_KEYS
    assert all(set(entry) - {"items"} == {"type", "description", "default"} for entry in project["config"].values())


def test_every_key_and_secret_is_explained() -> None:
    """It finds each stack key and each secret in the stacks' own README."""
    text = (ROOT / "stacks" / "README.md").read_text()

    assert [key for key in (*STACK_KEYS, *SECRET_KEYS) if key not in text] == []


def test_committed_stacks_make_sites() -> None:
    """It parses all three committed stacks, whose names are those of the rules."""
    values = {
        name: {key.partition(":")[2]: value for key, value in stack_settings(name).items()} for name in clouds.NAMES
    }

    specs = {name: parse(values[name], name) for name in clouds.NAMES}

    assert {name: spec.site for name, spec in specs.items()} == {name: name for name in rules.PROVIDERS}
    assert len({spec.service.image.partition("@")[2] for spec in specs.values()}) == 1
