"""One site deployed on its provider double, as the tests of the stacks look at it."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from infra import clouds
from tests.engine.double import Doubles
from tests.engine.estate import Estate, Held
from tests.engine.harness import Outcome, Workspace
from tests.infra.recordings import IDENTITIES

ROOT = Path(__file__).parents[2]
PROVIDERS = {"aws": "aws", "gcp": "gcp", "azure": "azure-native"}
DATABASES = {
    "aws": "aws:rds/instance:Instance",
    "gcp": "gcp:sql/databaseInstance:DatabaseInstance",
    "azure": "azure-native:dbforpostgresql:Server",
}
STORES = {"aws": "s3://peer-{}?region=us-east-1", "gcp": "gs://peer-{}", "azure": "az://peeraccount/{}"}
REFUSAL = "the account's quota of database servers is used up"
LINK_KEY = "K3y" * 12

PRESENT = [name for name in clouds.NAMES if (Path(clouds.__file__).parent / name / "__init__.py").exists()]


@dataclass
class Deployed:
    """One site on its double: what was planned, how the first `up` died, and how the second went on."""

    cloud: str
    workspace: Workspace
    doubles: Doubles
    secrets: dict[str, str]
    planned: Outcome
    acts_of_preview: int
    died: Outcome
    left_by_death: set[str]
    continued: Outcome

    @property
    def estate(self) -> Estate:
        return self.doubles[PROVIDERS[self.cloud]].estate

    @property
    def database(self) -> tuple[str, Held]:
        """Return the database's identifier and what the cloud holds of it."""
        databases = [(name, held) for (token, name), held in self.estate.held.items() if token == DATABASES[self.cloud]]
        assert len(databases) == 1, f"{self.cloud} holds {len(databases)} databases"
        return databases[0]

    def elsewhere(self, make: Callable[[Path, str], Workspace]) -> Workspace:
        """Return a second workspace with the same state, for a test that changes settings or destroys."""
        second = make(ROOT, self.doubles.attach)
        second.take(self.cloud, self.workspace.export(self.cloud), self.workspace)
        return second


def some_secrets() -> dict[str, str]:
    key = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return {
        "secret_key": "S3cretKey" * 5,
        "signing_key": key,
        "vapid_key": "V4pid" * 8 + "key",
        "replication_password": "R3plication" * 3,
    }


def deploy(cloud: str, workspace: Workspace, doubles: Doubles) -> Deployed:
    """Preview, let the first `up` die at the database, and let the second go on."""
    secrets, estate = some_secrets(), doubles[PROVIDERS[cloud]].estate
    workspace.init(cloud, secrets)
    planned = workspace.run("preview", "--stack", cloud, "--json")
    acts_of_preview = len(estate.acts)
    database = next(step for step in json.loads(planned.out)["steps"] if step["newState"]["type"] == DATABASES[cloud])
    estate.fail_on(name := database["urn"].rpartition("::")[2], REFUSAL)
    died = workspace.up(cloud, fails=True)
    left = {held.logical for held in estate.held.values()}
    estate.heal(name)
    return Deployed(cloud, workspace, doubles, secrets, planned, acts_of_preview, died, left, workspace.up(cloud))


def peer(cloud: str, own: str) -> dict[str, str]:
    """Return another site as settings: its stores, and its gateway's ends for this site (AWS has four)."""
    first = 10 * clouds.NAMES.index(cloud)
    ends = {f"gateways.{own}[{end}]": f"192.0.2.{first + end + 1}" for end in range(4 if cloud == "aws" else 2)}
    stores = {f"{name}_url": STORES[cloud].format(name) for name in ("media", "lease", "ledger")}
    subjects = {f"identity.subjects.{process}": name for process, name in IDENTITIES[cloud]["subjects"].items()}
    entries = {f"entries.{own}.{part}": f"way-of-{part}-into-{cloud}" for part in ("app", "agent")}
    return ends | stores | {"identity.issuer": IDENTITIES[cloud]["issuer"]} | subjects | entries


def link_to_peers(workspace: Workspace, cloud: str) -> None:
    """Write the peers and the keys of the tunnels into a workspace's stack file."""
    others = [name for name in clouds.NAMES if name != cloud]
    keys = [part for name in others for part in ("--secret", f"link_keys.{name}={LINK_KEY}")]
    settings = {f"peers.{name}.{key}": value for name in others for key, value in peer(name, cloud).items()}
    pairs = [part for key, value in settings.items() for part in ("--plaintext", f"{key}={value}")]
    workspace.run("config", "set-all", "--stack", cloud, "--path", *keys, *pairs)
