"""How the object store of each local site is run.

ministack stands for S3 at aws, our double for Cloud Storage at gcp, azurite for Blob storage at azure. These are
descriptions: a supervisor calls `prepare`, starts `argv` with `environment`, waits until `health_url` answers and calls
`make_buckets`, at every start, since ministack forgets an empty bucket when it is killed. ministack and the double keep
what they acknowledged through SIGKILL; azurite forgets about its last five seconds.
"""

import base64
import hashlib
import json
import os
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.embedded.azurite_install import azurite_program
from scripts.embedded.bucket_requests import make_azure_container, make_gcs_bucket, make_s3_bucket
from scripts.embedded.gcs.authentication import ACCOUNT_FILE, new_account
from scripts.embedded.npm_packages import node_program

BUCKETS = ("lifeboat-media", "lifeboat-lease", "lifeboat-ledger")
AZURE_ACCOUNT = "devstoreaccount1"
REGION = "us-east-1"
_AWS_ACCOUNT = "000000000000"
_AWS_USER = "lifeboat"

Credentials = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Process:
    """One store to run: `environment` is the whole one, `files` (path, text) are secrets that must lie there before."""

    name: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    health_url: str
    files: tuple[tuple[Path, str], ...] = ()


def make_credentials() -> dict[str, dict[str, Any]]:
    """Make fresh credentials for the three local stores, in the form that `app.stores.load_credentials` reads."""
    return {
        "s3": {"access_key_id": f"AKIA{secrets.token_hex(8).upper()}", "secret_access_key": secrets.token_urlsafe(30)},
        "gs": {"service_account": new_account()},
        "az": {"account_key": base64.b64encode(secrets.token_bytes(64)).decode()},
    }


def s3_process(folder: Path, port: int, credentials: Credentials) -> Process:
    """Describe ministack on `port`: signatures checked, on disk below `folder`, loopback only."""
    # ministack checks the secret of an IAM user, but lets its root key in with any: so clients are given a user.
    root = {"AWS_ACCESS_KEY_ID": f"ROOT{_derived(credentials)}", "AWS_SECRET_ACCESS_KEY": _derived(credentials)}
    state = {
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(folder / "objects"),
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder / "state"),
    }
    server = {
        "AUTH": "true",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "SERVICES": "s3,iam,sts",
        "LOG_LEVEL": "WARNING",
    }
    return Process(
        name="objects",
        argv=(sys.executable, "-m", "ministack"),
        environment=_environment(folder, **root, **state, **server, MINISTACK_REGION=REGION, SFTP_ENABLED="0"),
        folder=folder,
        health_url=f"http://127.0.0.1:{port}/_ministack/health",
        files=((folder / "state" / "iam.json", _iam_state(credentials["s3"])),),
    )


def gcs_process(folder: Path, port: int, credentials: Credentials, *, seconds_between_writes: float = 1.0) -> Process:
    """Describe the Cloud Storage double on `port`; 0 seconds between writes to one name turns that limit off."""
    options = ("--dir", str(folder), "--port", str(port), "--seconds-between-writes", str(seconds_between_writes))
    return Process(
        name="objects",
        argv=(sys.executable, "-m", "scripts.embedded.gcs", *options),
        environment=_environment(folder),
        folder=folder,
        health_url=f"http://127.0.0.1:{port}/",
        files=((folder / ACCOUNT_FILE, json.dumps(credentials["gs"]["service_account"])),),
    )


def azure_process(folder: Path, port: int, credentials: Credentials, tools: Path) -> Process:
    """Describe azurite's Blob service on `port`; `tools` is where `install_azurite` put it."""
    options = ("--blobHost", "127.0.0.1", "--blobPort", str(port), "--location", str(folder), "--silent")
    quiet = ("--skipApiVersionCheck", "--disableTelemetry")
    # A small young generation halves the time to start and saves 25 MB.
    node = (str(node_program()), "--max-semi-space-size=1", "--max-old-space-size=512")
    return Process(
        name="objects",
        argv=(*node, str(azurite_program(tools)), *options, *quiet),
        environment=_environment(folder, AZURITE_ACCOUNTS=f"{AZURE_ACCOUNT}:{credentials['az']['account_key']}"),
        folder=folder,
        health_url=f"http://127.0.0.1:{port}/",
    )


def store_process(site: str, folder: Path, port: int, credentials: Credentials, tools: Path) -> Process:
    """Describe the store of the local site aws, gcp or azure."""
    if site == "azure":
        return azure_process(folder, port, credentials, tools)
    return {"aws": s3_process, "gcp": gcs_process}[site](folder, port, credentials)


def refusing_process(folder: Path, port: int) -> Process:
    """Describe what stands on a closed account's port: it answers 403 to everything, in each dialect's words."""
    return Process(
        name="objects",
        argv=(sys.executable, "-m", "scripts.embedded.refusing_store", "--port", str(port)),
        environment=_environment(folder),
        folder=folder,
        health_url=f"http://127.0.0.1:{port}/",
    )


def prepare(process: Process) -> None:
    """Make the store's folders and write its secrets, readable by the owner alone."""
    for folder in (process.folder, process.folder / "tmp"):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for path, text in process.files:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        path.write_text(text)


def make_buckets(site: str, port: int, credentials: Credentials, names: tuple[str, ...] = BUCKETS) -> None:
    """Make the buckets that are not there yet in the running store of a local site; raises StoreDidNotAnswer."""
    for name in names:
        if site == "aws":
            make_s3_bucket(port, credentials["s3"], REGION, name)
        elif site == "gcp":
            make_gcs_bucket(port, credentials["gs"]["service_account"], name)
        else:
            make_azure_container(port, AZURE_ACCOUNT, credentials["az"]["account_key"], name)


def _environment(folder: Path, **settings: str) -> dict[str, str]:
    """Return a whole environment that holds nothing of the user's but the search path."""
    own = {"HOME": str(folder), "TMPDIR": str(folder / "tmp"), "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"}
    return {"PATH": os.environ.get("PATH", os.defpath), **own, **settings}


def _derived(credentials: Credentials) -> str:
    """Return a root key for the server's own use: unknown to clients, the same at every start."""
    return hashlib.sha256(b"root" + credentials["s3"]["secret_access_key"].encode()).hexdigest()[:32]


def _iam_state(keys: Mapping[str, str]) -> str:
    """Return ministack's own saved state (format 2) with one IAM user, since a user made by API dies with SIGKILL."""
    arn = f"arn:aws:iam::{_AWS_ACCOUNT}:user/{_AWS_USER}"
    when = "2026-01-01T00:00:00Z"
    user = {
        "UserName": _AWS_USER,
        "Arn": arn,
        "UserId": "AIDALIFEBOAT",
        "CreateDate": when,
        "Path": "/",
        "AttachedPolicies": [],
        "Tags": [],
    }
    key = {
        "UserName": _AWS_USER,
        "AccessKeyId": keys["access_key_id"],
        "SecretAccessKey": keys["secret_access_key"],
        "Status": "Active",
        "CreateDate": when,
    }
    policy = json.dumps(
        {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    )
    payload = {
        "users": _scoped(_AWS_USER, {**user, "PermissionsBoundary": None}),
        "access_keys": _scoped(keys["access_key_id"], key),
        "user_inline_policies": _scoped(_AWS_USER, {"buckets": policy}),
    }
    return json.dumps({"__ministack_format__": 2, "payload": payload})


def _scoped(key: str, value: object) -> dict[str, object]:
    return {"__scoped__": True, "data": {f"{_AWS_ACCOUNT}\0{key!r}": value}}
