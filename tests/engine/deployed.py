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
from tests.infra.recordings import JOINED

ROOT = Path(__file__).parents[2]
PROVIDERS = {"aws": "aws", "gcp": "gcp", "azure": "azure-native"}
DATABASES = {
    "aws": "aws:rds/instance:Instance",
    "gcp": "gcp:sql/databaseInstance:DatabaseInstance",
    "azure": "azure-native:dbforpostgresql:Server",
}
REFUSAL = "the account's quota of database servers is used up"
LINK_KEY = "K3y" * 12
DNS_KEY = "RG5zS2V5" * 4

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
        "dns_keys": json.dumps(dict.fromkeys(("first", "second"), DNS_KEY)),
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


def link_to_peers(workspace: Workspace, cloud: str) -> None:
    """Write what the sites know of each other, and the keys of the tunnels, into a workspace's stack file."""
    keys = json.dumps({name: LINK_KEY for name in clouds.NAMES if name != cloud})
    known = [
        part
        for key in ("peers", "public_keys", "operators")
        for part in ("--plaintext", f"{key}={json.dumps(JOINED[key])}")
    ]
    workspace.run("config", "set-all", "--stack", cloud, "--secret", f"link_keys={keys}", *known)
