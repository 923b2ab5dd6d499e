"""The other reader of a platform: everything an agent in a cloud is told stands in its environment, secrets by way of its vault.

The stack of its site sets exactly these names (infra/environment.py; a test compares the two), from the settings that all
stacks share and from the reviewed files in `stacks/`: what each site signed of itself, and whose word counts.
"""

import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.federation import Entrance, entrance
from app.stores import Credentials, load_credentials
from infra.outputs import SiteOutputs, SiteOutputsError
from infra.spec import REPLICATION_TLS
from scripts.runbook.acme_authority import Authority
from scripts.runbook.certificate_renewal import Renewal
from scripts.runbook.errors import LifeboatError, NotJoined, UsageError
from scripts.runbook.lease import Terms
from scripts.runbook.signing import Signer
from scripts.runbook.sites import Platform, takeover_mode
from scripts.runbook.traffic import Vendor

PLAIN = (
    "SITE",
    "APP_URL",
    "CLUSTER",
    "RECORD_NAME",
    "TAKEOVER_MODE",
    "LEASE_TERMS",
    "SITES",
    "REGISTER_URLS",
    "PEER_ENTRIES",
    "PUBLIC_KEYS",
    "OPERATORS",
    "DNS_VENDORS",
)
SECRET = ("DATABASE_URL", "SIGNING_KEY", "REPLICATION_PASSWORD", "DNS_KEYS")
"""What a message never repeats."""
OF_VAULT = ("CERTIFICATE_VAULT", "ACME_DIRECTORY", "ACME_CONTACT")
"""Set only where the edge takes its certificate from a vault, which nobody but the agent renews: on Azure."""
SCRATCH = Path(tempfile.gettempdir()) / "lifeboat"
"""Where a journal is written first; the ledgers bring it back to a container that lost its disk."""

Environment = Mapping[str, str]


@dataclass(frozen=True)
class EnvironmentKeeping:
    """One process's environment, which never changes: whoever changes a setting starts the process anew."""

    environment: Environment

    def credentials(self) -> Credentials:
        """None at all, so that every store is entered as the workload that this is, unless a file of keys is named."""
        return load_credentials(self.environment.get("STORE_CREDENTIALS"))

    def signer(self, site: str) -> Signer:
        if site != self.environment["SITE"]:
            raise UsageError(f"This agent holds the key of {self.environment['SITE']} alone, not that of {site}.")
        return Signer.of_pem(site, self.environment["SIGNING_KEY"].encode(), "SIGNING_KEY")

    def operators(self) -> dict[str, str]:
        return _texts(self.environment["OPERATORS"])

    def again(self) -> Platform:
        return read(self.environment)


def read(environment: Environment, scratch: Path = SCRATCH) -> Platform:
    """Read an agent's environment. Raises UsageError naming every variable that is missing or wrong, NotJoined when the
    sites do not know each other yet."""
    wanted = (*PLAIN, *SECRET, *(OF_VAULT if any(environment.get(name) for name in OF_VAULT) else ()))
    missing = [name for name in wanted if not environment.get(name)]
    if missing:
        raise UsageError(f"The agent cannot start with this environment: {', '.join(missing)} must be set.")
    found, faults = {}, []
    for name, reader in _READERS.items():
        try:
            found[name] = reader(environment[name])
        except (LifeboatError, SiteOutputsError, ValueError, KeyError, TypeError) as reason:
            faults.append(f"{name} is not usable ({_words(name, reason)})")
    if not faults:
        faults = list(_contradictions(environment["SITE"], found))
    if faults:
        raise UsageError(f"The agent cannot start with this environment: {'; '.join(faults)}.")
    return _platform(environment, found, scratch)


def _platform(environment: Environment, found: Mapping[str, Any], scratch: Path) -> Platform:
    site, outputs = environment["SITE"], found["SITES"]
    vendors = tuple(Vendor(**vendor, key_secret=found["DNS_KEYS"][vendor["name"]]) for vendor in found["DNS_VENDORS"])
    return Platform(
        folder=scratch,
        keeping=EnvironmentKeeping(environment),
        cluster=environment["CLUSTER"],
        terms=found["LEASE_TERMS"],
        outputs=outputs,
        public_keys={name: found["PUBLIC_KEYS"][name] for name in outputs},
        vendors=vendors,
        agent_urls={site: environment["DATABASE_URL"]},
        replication_password=environment["REPLICATION_PASSWORD"],
        tls_parameters=REPLICATION_TLS,
        outside_url=environment["APP_URL"],
        record_name=environment["RECORD_NAME"],
        mode=found["TAKEOVER_MODE"],
        register_urls=found["REGISTER_URLS"] or {name: one.lease_url for name, one in outputs.items()},
        disks={},
        renewals=_renewals(environment, vendors),
        ways=_ways(site, outputs, found["PEER_ENTRIES"]),
    )


def _renewals(environment: Environment, vendors: tuple[Vendor, ...]) -> dict[str, Renewal]:
    """Return how this site's certificate is renewed, where that is the agent's matter."""
    given = [environment[name] for name in OF_VAULT if environment.get(name)]
    if not given:
        return {}
    vault, directory, contact = given
    return {environment["SITE"]: Renewal(vault, Authority(directory, contact), environment["RECORD_NAME"], vendors)}


def _contradictions(site: str, found: Mapping[str, Any]) -> list[str]:
    """Say what does not fit together; raises NotJoined where nobody has told the sites of each other."""
    outputs = found["SITES"]
    if not outputs:
        raise NotJoined
    unknown = [name for name in outputs if name not in found["PUBLIC_KEYS"]]
    keyless = [vendor["name"] for vendor in found["DNS_VENDORS"] if vendor["name"] not in found["DNS_KEYS"]]
    return [
        *([f"SITES does not name {site}, this site"] if site not in outputs else []),
        *([f"PUBLIC_KEYS lacks {', '.join(unknown)}"] if unknown else []),
        *([f"DNS_KEYS lacks {', '.join(keyless)}"] if keyless else []),
    ]


def _ways(site: str, outputs: Mapping[str, SiteOutputs], entries: Mapping[str, str]) -> dict[str, Entrance]:
    return {
        other: entrance(site, other, entry, outputs[other].lease_url)
        for other, entry in entries.items()
        if other in outputs
    }


def _words(name: str, reason: Exception) -> str:
    """Return why a value was refused; of a secret only the kind of fault."""
    return type(reason).__name__ if name in SECRET else str(reason).rstrip(".")


def _texts(text: str) -> dict[str, str]:
    """Read a JSON table of texts; raises ValueError for anything else."""
    found = json.loads(text)
    if not isinstance(found, dict) or not all(isinstance(value, str) for value in found.values()):
        raise ValueError('it must be a JSON table of texts, such as {"NAME": "VALUE"}')
    return found


def _outputs(text: str) -> dict[str, SiteOutputs]:
    return {site: SiteOutputs.read(values) for site, values in json.loads(text).items()}


def _vendors(text: str) -> list[dict[str, Any]]:
    """Read the vendors without their keys; each is made once with a stand-in, so that an odd part is found here."""
    found = [dict(one) for one in json.loads(text)]
    for one in found:
        Vendor(**one, key_secret="")  # nosec B106
    return found


_READERS: Mapping[str, Callable[[str], Any]] = {
    "LEASE_TERMS": lambda text: Terms(**json.loads(text)),
    "TAKEOVER_MODE": lambda text: takeover_mode(text, "TAKEOVER_MODE"),
    "SITES": _outputs,
    "REGISTER_URLS": _texts,
    "PEER_ENTRIES": _texts,
    "PUBLIC_KEYS": _texts,
    "OPERATORS": _texts,
    "DNS_VENDORS": _vendors,
    "DNS_KEYS": _texts,
    "SIGNING_KEY": lambda text: Signer.of_pem("", text.encode(), "SIGNING_KEY"),
}
