"""`python -m scripts.deploying.identity STACK`: turn CI's own token into what the provider's tools read; no stored key.

Prints NAME=VALUE lines for a shell. The token comes from GitHub's token service (ACTIONS_ID_TOKEN_REQUEST_URL), or, on any
other CI, from the file that OIDC_TOKEN_FILE names. Forms: GitHub's "OpenID Connect reference", AWS's
AWS_WEB_IDENTITY_TOKEN_FILE, Google's external_account file, Pulumi's ARM_OIDC_TOKEN. None was tried in an account.
"""

import json
import os
import shlex
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import httpx

from scripts.runbook.errors import PlanRefused

SECONDS = 30.0
NEEDED = {
    "aws": ("AWS_ROLE_ARN",),
    "gcp": ("GCP_PROVIDER", "GCP_SERVICE_ACCOUNT"),
    "azure": ("AZURE_CLIENT_ID", "AZURE_TENANT_ID"),
}
"""What the stack's output `entries` says of CI, and the environment of the CI job repeats."""
AZURE_AUDIENCE = "api://AzureADTokenExchange"


def identify(stack: str, environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Return the variables that let the provider's tools act as CI's role. Raises PlanRefused with all that is missing."""
    if stack not in NEEDED:
        raise PlanRefused(f"There is no stack {stack!r}: choose {', '.join(NEEDED)}.")
    missing = [name for name in NEEDED[stack] if not environment.get(name)]
    if missing:
        raise PlanRefused(f"CI's environment for {stack} lacks {' and '.join(missing)}: see docs/credentials.md.")
    return _MAKERS[stack](environment, folder)


def _aws(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    token = _keep(folder, "aws-token", ask_token(environment, "sts.amazonaws.com"))
    return {
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(token),
        "AWS_ROLE_ARN": environment["AWS_ROLE_ARN"],
        "AWS_ROLE_SESSION_NAME": "lifeboat-ci",
    }


def _gcp(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    audience = f"//iam.googleapis.com/{environment['GCP_PROVIDER']}"
    token = _keep(folder, "gcp-token", ask_token(environment, f"https:{audience}"))
    account = environment["GCP_SERVICE_ACCOUNT"]
    settings = {
        "type": "external_account",
        "audience": audience,
        "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
        "token_url": "https://sts.googleapis.com/v1/token",
        "service_account_impersonation_url": (
            f"https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{account}:generateAccessToken"
        ),
        "credential_source": {"file": str(token)},
    }
    return {"GOOGLE_APPLICATION_CREDENTIALS": str(_keep(folder, "gcp.json", json.dumps(settings)))}


def _azure(environment: Mapping[str, str], folder: Path) -> dict[str, str]:
    token = ask_token(environment, AZURE_AUDIENCE)
    return {
        "ARM_USE_OIDC": "true",
        "ARM_OIDC_TOKEN": token,
        "ARM_CLIENT_ID": environment["AZURE_CLIENT_ID"],
        "ARM_TENANT_ID": environment["AZURE_TENANT_ID"],
        "AZURE_CLIENT_ID": environment["AZURE_CLIENT_ID"],
        "AZURE_TENANT_ID": environment["AZURE_TENANT_ID"],
        "AZURE_FEDERATED_TOKEN_FILE": str(_keep(folder, "azure-token", token)),
    }


_MAKERS: Mapping[str, Callable[[Mapping[str, str], Path], dict[str, str]]] = {"aws": _aws, "gcp": _gcp, "azure": _azure}


def ask_token(environment: Mapping[str, str], audience: str) -> str:
    """Return a token of this CI job for an audience. Raises PlanRefused where there is none."""
    if file := environment.get("OIDC_TOKEN_FILE"):
        return Path(file).read_text().strip()
    url, bearer = (environment.get(f"ACTIONS_ID_TOKEN_REQUEST_{name}") for name in ("URL", "TOKEN"))
    if not url or not bearer:
        raise PlanRefused("This job has no identity: give it the permission id-token: write, or OIDC_TOKEN_FILE.")
    try:
        request = httpx.URL(url).copy_merge_params({"audience": audience})
        answer = httpx.get(request, headers={"Authorization": f"Bearer {bearer}"}, timeout=SECONDS)
        answer.raise_for_status()
        return str(answer.json()["value"])
    except (httpx.HTTPError, ValueError, KeyError) as error:
        raise PlanRefused(f"CI's token service gives no token for {audience} ({type(error).__name__}).") from error


def _keep(folder: Path, name: str, text: str) -> Path:
    """Write a file that only this user can read."""
    file = folder / name
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
        opened.write(text)
    return file


def main() -> None:
    """Print the variables of a stack; a refusal is one sentence and the exit code 2."""
    folder = Path(os.environ.get("RUNNER_TEMP") or tempfile.mkdtemp(prefix="lifeboat-ci-"))
    try:
        found = identify(sys.argv[1] if len(sys.argv) > 1 else "", os.environ, folder)
    except PlanRefused as refusal:
        print(refusal, file=sys.stderr)
        sys.exit(refusal.exit_code)
    print("\n".join(f"{name}={shlex.quote(value)}" for name, value in found.items()))


if __name__ == "__main__":
    main()
