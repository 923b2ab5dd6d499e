"""Whether Pulumi can ask a provider from here: its program, a state, and credentials where the provider's own tools look.

Places: AWS's "Configure using environment variables" and shared credentials file, Google's "How Application Default
Credentials works", Azure's `az login` and Pulumi's ARM_ variables, Pulumi's "State and backends". Nothing is read but
whether it is there; whether it opens anything, only the provider knows.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scripts.previewing import repository


@dataclass(frozen=True)
class Places:
    """Where credentials lie: variables that hold or name them, and files below the home folder."""

    variables: tuple[str, ...]
    files: tuple[str, ...]

    def hold(self, environment: Mapping[str, str], home: Path) -> bool:
        """Say whether anything is there."""
        return any(environment.get(name) for name in self.variables) or any(
            (home / name).is_file() for name in self.files
        )


CREDENTIALS: Mapping[str, Places] = {
    "aws": Places(("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"), (".aws/credentials",)),
    "gcp": Places(
        ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CREDENTIALS", "GOOGLE_OAUTH_ACCESS_TOKEN"),
        (".config/gcloud/application_default_credentials.json",),
    ),
    "azure": Places(("ARM_CLIENT_ID", "AZURE_CLIENT_ID"), (".azure/azureProfile.json",)),
}
STATE = Places(("PULUMI_BACKEND_URL", "PULUMI_ACCESS_TOKEN"), (".pulumi/credentials.json",))


def to_ask(
    root: Path, clouds: tuple[str, ...], environment: Mapping[str, str], home: Path
) -> tuple[tuple[str, ...], str]:
    """Return the clouds that have credentials here, or none of them and a sentence that says why."""
    found = tuple(cloud for cloud in clouds if CREDENTIALS[cloud].hold(environment, home))
    hindrance = _hindrance(root, environment, home) if found else ""
    if not hindrance:
        return found, ""
    return (
        (),
        f"There are credentials for {' and '.join(found)}, but Pulumi is not asked and no plan is saved: {hindrance}.",
    )


def _hindrance(root: Path, environment: Mapping[str, str], home: Path) -> str:
    if shutil.which("pulumi", path=environment.get("PATH")) is None:
        return "pulumi is not on PATH"
    if not STATE.hold(environment, home):
        return "nothing says where the state lies (PULUMI_BACKEND_URL)"
    changed = repository.uncommitted(root)
    return f"a plan belongs to a commit, and {', '.join(changed[:3])} is not committed" if changed else ""
