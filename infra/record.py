"""`python -m infra.record CLOUD`: run the program without account, engine or network, and print what it would make.

The answer is JSON: every resource with its inputs, dependencies and protection, and the site's outputs. Outputs that
a provider would fill in are invented from the SDK's own types, so that no later input vanishes; no secret is printed.
"""

import argparse
import gc
import json
import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
import yaml
from pulumi.runtime import config, mocks

from infra.recorder import Inventor, Recorder
from infra.sdk_parts import load_parts_only
from infra.settings import NAMESPACE, reviewed

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
    """Return the settings of a stack as the Pulumi host would give them; secrets are stand-ins that say so."""
    project = yaml.safe_load((root / "Pulumi.yaml").read_text())
    stack = yaml.safe_load((root / "stacks" / f"Pulumi.{cloud}.yaml").read_text())
    shared = {f"{NAMESPACE}:{key}": entry["default"] for key, entry in project["config"].items() if "default" in entry}
    found = (
        {f"{NAMESPACE}:{key}": text for key, text in reviewed(root).items()}
        | shared
        | {key: value for key, value in stack["config"].items() if not _is_encrypted(value)}
    )
    peers = json.loads(_as_text(found[f"{NAMESPACE}:peers"]))
    vendors = [vendor["name"] for vendor in json.loads(_as_text(found.get(f"{NAMESPACE}:dns_vendors", "[]")))]
    stand_ins = SECRET_EXAMPLES | {
        "link_keys": dict.fromkeys(peers, LINK_KEY_EXAMPLE),
        "dns_keys": dict.fromkeys(vendors, DNS_KEY_EXAMPLE),
    }
    return {
        key: _as_text(value)
        for key, value in (found | {f"{NAMESPACE}:{key}": value for key, value in stand_ins.items()}).items()
    }


def _is_encrypted(value: Any) -> bool:
    return isinstance(value, dict) and ("secure" in value or any(map(_is_encrypted, value.values())))


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def record(cloud: str, settings: Mapping[str, str]) -> dict[str, Any]:
    """Run the program of a stack once and return what it registered.

    Raises pulumi.RunError for bad settings, and whatever the program raises. Once a process: Pulumi's state is global.
    """
    secret = [f"{NAMESPACE}:{key}" for key in (*SECRET_EXAMPLES, "link_keys", "dns_keys")]
    config.set_all_config(dict(settings), secret)
    recorder = Recorder(Inventor())
    mocks.set_mocks(recorder.mocks, NAMESPACE, cloud, preview=False, monitor=recorder)
    pulumi.runtime.register_stack_transformation(recorder.learn)
    pulumi.runtime.test(lambda: runpy.run_path(str(ROOT / "infra" / "__main__.py"), run_name="__main__") and None)()
    resources = sorted(recorder.registered, key=lambda found: (found["type"], found["name"]))
    return {"cloud": cloud, "resources": resources, "outputs": recorder.outputs}


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m infra.record", description=__doc__)
    parser.add_argument("cloud", help="aws, gcp or azure")
    parser.add_argument("--settings", type=Path, help="a JSON file of settings that replace or add to the stack's own")
    options = parser.parse_args(arguments)
    # Loading an SDK makes a million objects that all stay: looking for garbage among them takes a third of the time.
    gc.disable()
    load_parts_only()
    settings = stack_settings(options.cloud)
    if options.settings:
        extra = json.loads(options.settings.read_text())
        settings |= {f"{NAMESPACE}:{key}": _as_text(value) for key, value in extra.items()}
    try:
        found = record(options.cloud, settings)
    except pulumi.RunError as error:
        parser.exit(2, f"{error}\n")
    print(json.dumps(found, sort_keys=True))


if __name__ == "__main__":
    main()
