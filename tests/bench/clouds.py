"""The stores of a media bench, and the tools that it is measured beside."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import obstore

from app.copies import PREFIX
from app.stores import Store
from scripts.embedded.object_stores import gcs_process, make_credentials, s3_process
from scripts.runbook import media
from tests.bench.records import ROOT
from tests.embedded.running_stores import RunningStore

RCLONE = Path(sys.executable).parent / "rclone"
S5CMD = ROOT / ".lifeboat" / "peers" / "bin" / "s5cmd"
TRANSFERS = str(media.AT_ONCE)


@dataclass
class Clouds:
    """The stores of one run, and what rclone has to know to reach them."""

    folder: Path
    credentials: dict[str, dict[str, Any]] = field(default_factory=make_credentials)
    remotes: dict[str, str] = field(default_factory=dict)

    def start(self, site: str, name: str, **options: Any) -> RunningStore:
        """Start one more store under a name of its own."""
        folder = self.folder / name
        describe = {"aws": s3_process, "gcp": gcs_process}[site]
        store = RunningStore(
            site, folder, self.credentials, lambda port: describe(folder, port, self.credentials, **options)
        )
        folder.mkdir()
        return store.start()

    def remote(self, name: str, store: RunningStore) -> None:
        """Let rclone know a store under a name."""
        known = self.credentials["s3"]
        settings = {
            "gcp": {"TYPE": "google cloud storage", "ENDPOINT": f"{store.endpoint}/storage/v1/", "PROJECT_NUMBER": "1",
                    "SERVICE_ACCOUNT_FILE": str(store.folder / "service-account.json"), "BUCKET_POLICY_ONLY": "true"},
            "aws": {"TYPE": "s3", "PROVIDER": "Other", "ENDPOINT": store.endpoint, "REGION": "us-east-1",
                    "ACCESS_KEY_ID": known["access_key_id"], "SECRET_ACCESS_KEY": known["secret_access_key"],
                    "FORCE_PATH_STYLE": "true"},
        }[store.site]  # fmt: skip
        self.remotes |= {f"RCLONE_CONFIG_{name.upper()}_{key}": value for key, value in settings.items()}

    def rclone(self, *arguments: str) -> float:
        """Run rclone as fast as it goes, and give the seconds it took."""
        fast = ("--transfers", TRANSFERS, "--checkers", TRANSFERS, "--fast-list", "--retries", "1")
        environment = {**self.remotes, "RCLONE_CONFIG": os.devnull, "HOME": str(self.folder), "PATH": os.defpath}
        return timed([str(RCLONE), *arguments, *fast], environment)

    def s5cmd_through_disk(self, source: RunningStore, target: RunningStore) -> float:
        """Copy a bucket with s5cmd to this disk and from there to the other S3, and give the seconds."""
        with tempfile.TemporaryDirectory(dir=self.folder) as disk:
            down = self._s5cmd(source, "cp", "s3://lifeboat-media/*", f"{disk}/")
            return down + self._s5cmd(target, "cp", f"{disk}/", "s3://lifeboat-media/")

    def _s5cmd(self, store: RunningStore, *arguments: str) -> float:
        known = self.credentials["s3"]
        environment = {"AWS_ACCESS_KEY_ID": known["access_key_id"], "AWS_SECRET_ACCESS_KEY": known["secret_access_key"],
                       "AWS_REGION": "us-east-1", "HOME": str(self.folder), "PATH": os.defpath}  # fmt: skip
        argv = [str(s5cmd()), "--endpoint-url", store.endpoint, "--numworkers", TRANSFERS, *arguments]
        return timed(argv, environment)


def s5cmd() -> Path | None:
    """Give the program where it is installed: the benches' own environment, or PATH."""
    found = shutil.which("s5cmd")
    return S5CMD if os.access(S5CMD, os.X_OK) else Path(found) if found else None


def timed(argv: list[str], environment: dict[str, str]) -> float:
    """Run a program to its end and give the seconds; raises with its last words when it fails."""
    began = time.monotonic()
    ended = subprocess.run(argv, env=environment, capture_output=True, text=True, timeout=900)
    if ended.returncode:
        raise RuntimeError(f"{Path(argv[0]).name} ended with {ended.returncode}: {ended.stderr.strip()[-400:]}")
    return time.monotonic() - began


def key_of(data: bytes) -> str:
    name = hashlib.sha256(data).hexdigest()
    return f"{PREFIX}{name[:2]}/{name}.jpg"


def put(store: Store, pictures: list[bytes]) -> None:
    for data in pictures:
        obstore.put(store, key_of(data), data)


def empty(store: Store) -> None:
    keys = [found["path"] for found in obstore.list(store).collect()]
    if keys:
        obstore.delete(store, keys)
