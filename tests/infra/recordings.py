"""Recordings of the three programs, each made once in a test run, by a process of its own as the Pulumi host would."""

import base64
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

_STORES = {
    "aws": ("s3://lb-{}?region=eu-west-1", {"gcp": 4, "azure": 4}),
    "gcp": ("gs://lb-{}", {"aws": 2, "azure": 2}),
    "azure": ("az://lbstore/{}", {"aws": 2, "gcp": 2}),
}

_TENANT = "11111111-1111-1111-1111-111111111111"
PROCESSES = ("web", "worker", "agent")

IDENTITIES = {
    "aws": {
        "issuer": "https://issuer.aws.example",
        "subjects": {process: f"arn:aws:iam::000000000000:role/{process}" for process in PROCESSES},
    },
    "gcp": {
        "issuer": "https://accounts.google.com",
        "subjects": {process: f"{number:021d}" for number, process in enumerate(PROCESSES)},
    },
    "azure": {
        "issuer": f"https://login.microsoftonline.com/{_TENANT}/v2.0",
        "subjects": {process: f"{number:08d}{_TENANT[8:]}" for number, process in enumerate(PROCESSES)},
    },
}
"""Who each site's processes are to the others."""

PEERS = {
    site: {
        "format": 1,
        "site": site,
        "cloud": site,
        "region": "eu-west-1",
        "app_url": "https://www.social.example.org",
        "edge_target": f"edge.{site}.example",
        "dns_records": [],
        "database_host": f"10.{number}0.16.5",
        "database_port": 5432,
        "database_name": "lifeboat",
        "database_cidr": f"10.{number}0.16.0/20",
        **{f"{kind}_url": store.format(kind) for kind in ("media", "lease", "ledger")},
        "audit_url": store.format("audit"),
        "egress_address": f"192.0.2.{number}",
        "link": {
            "asn": 64600 + number,
            "gateways": {
                other: [f"198.51.100.{10 * number + end}" for end in range(ends)] for other, ends in sides.items()
            },
            "inside": {},
        },
        "identity": IDENTITIES[site],
        "entries": {other: {part: f"way-of-{part}-into-{site}" for part in ("app", "agent")} for other in sides},
        "image": f"registry.example/lifeboat@sha256:{64 * 'a'}",
        "capacity": "standby",
    }
    for number, (site, (store, sides)) in enumerate(_STORES.items(), start=1)
}
"""A peers block as the first `up` of all three sites would leave it."""

JOINED = {
    "peers": PEERS,
    "link_keys": {site: f"LinkKeyOfThePairWith{site:x<20}" for site in PEERS},
    "public_keys": {site: base64.b64encode(site.ljust(32).encode()).decode() for site in PEERS},
    "operators": {"ada": base64.b64encode(32 * b"o").decode()},
}


@dataclass(frozen=True)
class Recording:
    """What a program registered."""

    cloud: str
    resources: tuple[dict[str, Any], ...]
    outputs: dict[str, Any]

    def of_type(self, kind: str) -> list[dict[str, Any]]:
        return [found for found in self.resources if found["type"] == kind]

    def provided(self) -> list[dict[str, Any]]:
        """Return the resources that exist at the provider."""
        return [
            found
            for found in self.resources
            if found["provider"] == {"azure": "azure-native"}.get(self.cloud, self.cloud)
        ]

    def by_place(self) -> dict[tuple[str, str], dict[str, Any]]:
        return {(found["type"], found["name"]): found for found in self.resources}


def run(cloud: str, settings: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
    """Run the program inside infra/, with infra/ first on the path: that is how the Pulumi host starts it."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "settings.json"
        file.write_text(json.dumps(settings or {}))
        return subprocess.run(
            [sys.executable, "-m", "infra.record", cloud, "--settings", str(file)],
            cwd=ROOT / "infra",
            env={**os.environ, "PYTHONPATH": str(ROOT / "infra")},
            capture_output=True,
            text=True,
            timeout=300,
        )


@cache
def recording(cloud: str, *, joined: bool = False, **settings: str) -> Recording:
    """Return what the program of a cloud registers, alone or joined to its peers, with some settings changed."""
    finished = run(cloud, settings | (JOINED if joined else {}))
    assert finished.returncode == 0, finished.stderr
    found = json.loads(finished.stdout)
    return Recording(cloud, tuple(found["resources"]), found["outputs"])


def dig(inputs: Any, path: str) -> Any:
    """Return a value inside nested inputs by its dotted path, or None."""
    for part in path.split("."):
        inputs = inputs.get(part) if isinstance(inputs, dict) else None
    return inputs
