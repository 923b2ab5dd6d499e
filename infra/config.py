"""Stack settings -> SiteSpec, every bad key reported at once, one sentence each; only `read` knows Pulumi."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from infra import agents, joining, rules, siting
from infra.settings import NAMESPACE, REVIEWED, Settings, SettingsError, reviewed
from infra.spec import DatabaseSpec, Peer, ServiceSpec, SiteSpec

if TYPE_CHECKING:
    from infra.contract import Secrets

STACK_KEYS = ("cloud", "region", "zones", "account", "repository", "hostname_proved", "retention_locked")
SHARED_KEYS = (
    "hostname",
    "alarm_email",
    "ci_repository",
    "capacity",
    "image_digest",
    "networks",
    *agents.SETTINGS,
    "database_memory_mib",
    "database_storage_gib",
    "service_memory_mib",
    "service_full_count",
    "service_maximum_count",
    "max_upload_mib",
    "acknowledge_timeout_seconds",
    "retention_days",
)
ROOT = Path(__file__).resolve().parent.parent
SECRET_KEYS = ("secret_key", "signing_key", "vapid_key", "replication_password", "link_keys", "dns_keys")

_CI_REPOSITORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}")
_EMAIL = re.compile(r"[A-Za-z0-9._%+-]{1,64}@([a-z0-9-]{1,63}\.)+[a-z]{2,}")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_SECRET = {
    "secret_key": (re.compile(r"\S{32,128}"), "32 to 128 characters without a space"),
    "signing_key": (
        re.compile(r"-----BEGIN PRIVATE KEY-----\s[A-Za-z0-9+/=\s]+-----END PRIVATE KEY-----\s*"),
        "an Ed25519 private key in PEM form",
    ),
    "vapid_key": (re.compile(r"[A-Za-z0-9_-]{43}"), "a P-256 private key as 43 characters of URL-safe base64"),
    "replication_password": (re.compile(r"[A-Za-z0-9]{24,64}"), "24 to 64 letters and digits"),
}


def parse(
    values: Mapping[str, str], stack: str, clear_secrets: tuple[str, ...] = (), foreign: tuple[str, ...] = ()
) -> SiteSpec:
    """Turn the settings of a stack, as the Pulumi host gives them, into its spec.

    `clear_secrets` names the secret settings that are stored in clear, `foreign` the keys of other namespaces, which
    nothing here reads. Raises SettingsError with every problem.
    """
    settings = Settings(values, stack, (*STACK_KEYS, *SECRET_KEYS))
    settings.refuse_foreign(foreign, STACK_KEYS)
    settings.refuse_unknown((*STACK_KEYS, *SHARED_KEYS, *REVIEWED, *SECRET_KEYS))
    cloud = settings.choice("cloud", tuple(rules.PROVIDERS))
    networks = joining.read_networks(settings)
    peers = joining.read_peers(settings, cloud, networks)
    place = siting.read_place(settings, cloud)
    proved = settings.choice("hostname_proved", ("true", "false")) == "true"
    spec_parts = {
        "hostname": siting.read_hostname(settings),
        "hostname_proved": proved,
        "retention_locked": siting.read_retention(settings, cloud),
        "capacity": settings.choice("capacity", rules.CAPACITIES),
    }
    repository = settings.text("ci_repository", _CI_REPOSITORY, "OWNER/NAME, where CI runs for this platform")
    email = settings.text("alarm_email", _EMAIL, "an e-mail address that somebody reads at night")
    retention = settings.number("retention_days", *rules.BACKUP_DAYS)
    database = _database(settings, retention)
    service = _service(settings, cloud, spec_parts["capacity"])
    agent = agents.read_agents(settings, settings.table("peers"))
    _secrets(settings, peers, clear_secrets)
    agents.check_dns_keys(settings, agent.dns_vendors)
    settings.finish()
    return SiteSpec(
        site=cloud,
        cloud=cloud,
        retention_days=retention,
        alarm_email=email,
        ci_repository=repository,
        networks=networks,
        peers=peers,
        database=database,
        service=service,
        agent=agent,
        **place,
        **spec_parts,
    )


def _database(settings: Settings, backup_days: int) -> DatabaseSpec:
    memory = settings.size("database_memory_mib", rules.DATABASE_MEMORY_MIB)
    return DatabaseSpec(memory, settings.size("database_storage_gib", rules.DATABASE_STORAGE_GIB), backup_days)


def _service(settings: Settings, cloud: str, capacity: str) -> ServiceSpec:
    full = settings.number("service_full_count", 2, 100)
    digest = settings.text(
        "image_digest", _DIGEST, "sha256: and 64 hexadecimal digits; a tag can change under a running site"
    )
    return ServiceSpec(
        repository=siting.read_repository(settings, cloud),
        digest=digest,
        memory_mib=settings.size("service_memory_mib", rules.SERVICE_MEMORY_MIB),
        minimum={"standby": 1, "warm": 2}.get(capacity, full),
        maximum=settings.number("service_maximum_count", full, 100, reason=" (no fewer than service_full_count)"),
        max_upload_mib=settings.number(
            "max_upload_mib", 1, rules.MAX_UPLOAD_MIB, reason=" (Cloud Run refuses requests over 32 MiB)"
        ),
        acknowledge_timeout_seconds=settings.number("acknowledge_timeout_seconds", 1, 60),
    )


def _secrets(settings: Settings, peers: tuple[Peer, ...], clear: tuple[str, ...]) -> None:
    for key, (pattern, meaning) in _SECRET.items():
        settings.secret(key, pattern, meaning)
    for key in clear:
        settings.blame(
            key, f"stands in clear; set it again with `pulumi config set --secret {key} --stack {settings.stack}`."
        )
    joining.check_link_keys(settings, peers)


def read() -> "tuple[SiteSpec, Secrets]":
    """Read the settings of the running stack; raises pulumi.RunError, which the host prints without a traceback."""
    import pulumi
    from pulumi.runtime import config as host

    found = {**host.get_config_env(), **host.CONFIG.get()}
    values = reviewed(ROOT) | {
        key.partition(":")[2]: value for key, value in found.items() if key.startswith(f"{NAMESPACE}:")
    }
    # `pulumi:` is the engine's own namespace; a provider's, such as `aws:region`, would set nothing: sites name their provider.
    foreign = tuple(sorted(key for key in found if key.partition(":")[0] not in (NAMESPACE, "pulumi")))
    secret_keys = {*host.get_config_secret_keys_env(), *host._SECRET_KEYS.get()}
    clear = tuple(key for key in SECRET_KEYS if key in values and f"{NAMESPACE}:{key}" not in secret_keys)
    try:
        return parse(values, pulumi.get_stack(), clear, foreign), _secret_outputs(values)
    except SettingsError as error:
        raise pulumi.RunError(f"The settings of this stack cannot make a site:\n{error}") from None


def _secret_outputs(values: Mapping[str, str]) -> "Secrets":
    from pulumi import Output

    from infra.contract import Secrets

    keys = json.loads(values.get("link_keys") or "{}")
    return Secrets(
        secret_key=Output.secret(values["secret_key"]),
        signing_key=Output.secret(values["signing_key"]),
        vapid_key=Output.secret(values["vapid_key"]),
        replication_password=Output.secret(values["replication_password"]),
        dns_keys=Output.secret(values["dns_keys"]),
        link_keys={site: Output.secret(key) for site, key in keys.items()},
    )
