"""The settings of a stack out of its files, as the Pulumi host would give them: what recordings and tests run with. No Pulumi here."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from infra.settings import NAMESPACE, SettingsError, reviewed

ROOT = Path(__file__).resolve().parent.parent

SECRET_EXAMPLES = {
    "secret_key": "recorded-without-the-secret-key-of-any-site",
    "signing_key": "-----BEGIN PRIVATE KEY-----\nrecordedWithoutTheKeyOfAnySite\n-----END PRIVATE KEY-----\n",
    "vapid_key": "recordedWithoutTheVapidKeyOfAnySite-1234567",
    "replication_password": "recordedWithoutThePasswordOfAnySite",
}
"""Stand-ins with which a program can be recorded where the secrets are not known; they open nothing."""
LINK_KEY_EXAMPLE = "recordedWithoutTheLinkKeyOfAnySite"
DNS_KEY_EXAMPLE = "cmVjb3JkZWQgd2l0aG91dCBhIGtleQ=="  # pragma: allowlist secret


def stack_settings(cloud: str, root: Path = ROOT) -> dict[str, str]:
    """Return the settings of a stack as the Pulumi host would give them; secrets are stand-ins that say so.

    Raises SettingsError with every file that cannot be read; what the settings say is judged by config.py.
    """
    found, _ = _files(cloud, root)
    return {key: as_text(value) for key, value in (found | _stand_ins(found)).items()}


def missing_secrets(cloud: str, root: Path = ROOT) -> list[str]:
    """Return the secrets that the stack needs and its file does not have yet. Raises SettingsError as `stack_settings`."""
    found, stack = _files(cloud, root)
    needed = [key for key, value in _stand_ins(found).items() if value and key not in stack]
    return [key.partition(":")[2] for key in needed]


def _files(cloud: str, root: Path) -> tuple[dict[str, Any], Mapping[str, Any]]:
    """Return the settings that stand in clear, of all files together, and everything that the stack's own file has."""
    problems: list[str] = []
    project = _config(root, Path("Pulumi.yaml"), problems)
    stack = _config(root, stack_file(cloud), problems)
    if problems:
        raise SettingsError(problems)
    shared = {f"{NAMESPACE}:{key}": entry["default"] for key, entry in project.items() if _has_default(entry)}
    found = (
        {f"{NAMESPACE}:{key}": text for key, text in reviewed(root).items()}
        | shared
        | {str(key): value for key, value in stack.items() if not _is_encrypted(value)}
    )
    return found, stack


def stack_file(cloud: str) -> Path:
    """Return where a stack's own settings lie, below the repository."""
    return Path("stacks") / f"Pulumi.{cloud}.yaml"


def _config(root: Path, name: Path, problems: list[str]) -> Mapping[str, Any]:
    """Return the table `config` of a file; what hinders that is added to the problems."""
    try:
        found = yaml.safe_load((root / name).read_text())
    except OSError as reason:
        problems.append(f"{name}: cannot be read ({reason.strerror}); stacks/README.md says how to begin one.")
        return {}
    except (yaml.YAMLError, UnicodeDecodeError) as reason:
        problems.append(f"{name}: is no YAML: {' '.join(str(reason).split())}.")
        return {}
    config = found.get("config") if isinstance(found, dict) else None
    if not isinstance(config, dict):
        problems.append(f"{name}: has no table named config.")
        return {}
    return config


def _has_default(entry: Any) -> bool:
    return isinstance(entry, dict) and "default" in entry


def _stand_ins(found: Mapping[str, Any]) -> dict[str, Any]:
    peers, vendors = (_read(found.get(f"{NAMESPACE}:{key}")) for key in ("peers", "dns_vendors"))
    names = [str(one["name"]) for one in vendors if isinstance(one, dict) and "name" in one]
    own = {"link_keys": dict.fromkeys(peers, LINK_KEY_EXAMPLE), "dns_keys": dict.fromkeys(names, DNS_KEY_EXAMPLE)}
    return {f"{NAMESPACE}:{key}": value for key, value in (SECRET_EXAMPLES | own).items()}


def _read(value: Any) -> list[Any]:
    """Return the entries of a list, or the names of a table; none where it is neither, which config.py says."""
    try:
        known = json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return []
    return list(known) if isinstance(known, dict | list) else []


def _is_encrypted(value: Any) -> bool:
    return isinstance(value, dict) and ("secure" in value or any(map(_is_encrypted, value.values())))


def as_text(value: Any) -> str:
    """Return a setting as the Pulumi host gives it: tables and lists as JSON."""
    return value if isinstance(value, str) else json.dumps(value)
