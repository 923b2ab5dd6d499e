"""`python -m infra.record CLOUD`: run the program without account, engine or network, and print what it would make.

The answer is JSON: every resource with its inputs, dependencies and protection, and the site's outputs. Outputs that
a provider would fill in are invented from the SDK's own types, so that no later input vanishes; no secret is printed.
Secrets that the stack's file does not have yet are named: the recording stands in for them, and `pulumi up` would refuse.
"""

import argparse
import gc
import json
import runpy
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pulumi
from pulumi.runtime import config, mocks

from infra.recorder import Inventor, Recorder
from infra.sdk_parts import load_parts_only
from infra.settings import NAMESPACE, SettingsError
from infra.stack_files import SECRET_EXAMPLES, as_text, missing_secrets, stack_settings

ROOT = Path(__file__).resolve().parent.parent


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
    try:
        settings, missing = stack_settings(options.cloud), missing_secrets(options.cloud)
        if options.settings:
            extra = json.loads(options.settings.read_text())
            settings |= {f"{NAMESPACE}:{key}": as_text(value) for key, value in extra.items()}
        # Loading an SDK makes a million objects that all stay: looking for garbage among them takes a third of the time.
        gc.disable()
        load_parts_only()
        found = record(options.cloud, settings)
    except (SettingsError, pulumi.RunError) as error:
        parser.exit(2, f"{error}\n")
    print(json.dumps(found | {"missing_secrets": missing}, sort_keys=True))


if __name__ == "__main__":
    main()
