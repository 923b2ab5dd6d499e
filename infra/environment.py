"""The environment of the three processes: all that the app ever sees of its site. Written once, for all clouds.

Each cloud only turns these names into its own form; secrets go through its vault under their neutral names.
"""

import json
from dataclasses import asdict

from pulumi import Output

from infra.contract import Database, Media, Secrets
from infra.identities import ENTRANTS
from infra.spec import AGENT, DATABASE_NAME, DATABASE_PORT, Process, SiteSpec

CERTIFICATES = "/etc/lifeboat/certificates"
"""Where the image keeps the root certificates of the three database services, one file a cloud: <cloud>.pem."""
TRUSTED_PROXIES = 2
"""The edge names the client and the load balancer behind it names the edge, on all three clouds: the app counts by it."""


def plain(spec: SiteSpec, process: Process, media: Media) -> dict[str, Output[str]]:
    """Return the variables of a process that are no secret."""
    known = {
        "SITE": spec.site,
        "APP_URL": spec.app_url,
        "PEER_ENTRIES": json.dumps(_entries(spec, process)),
    }
    own = _of_agent(spec) if process == AGENT else _of_app(spec)
    urls = {} if process == AGENT else {"MEDIA_URL": media.url}
    return {name: Output.from_input(value) for name, value in (known | own).items()} | urls


def _of_app(spec: SiteSpec) -> dict[str, str]:
    """The app's own settings: app/settings.py reads them."""
    return {
        "MEDIA_PEERS": json.dumps({peer.site: peer.media_url for peer in spec.peers}),
        "ACKNOWLEDGE_TIMEOUT": str(spec.service.acknowledge_timeout_seconds),
        "MAX_UPLOAD_MIB": str(spec.service.max_upload_mib),
        "TRUSTED_PROXIES": str(TRUSTED_PROXIES),
    }


def _of_agent(spec: SiteSpec) -> dict[str, str]:
    """The whole platform as the agent must know it: scripts/runbook/site_environment.py reads it."""
    agent = spec.agent
    tables = {
        "LEASE_TERMS": agent.terms,
        "SITES": agent.sites,
        "REGISTER_URLS": agent.register_urls,
        "PUBLIC_KEYS": agent.public_keys,
        "OPERATORS": agent.operators,
        "DNS_VENDORS": [asdict(vendor) for vendor in agent.dns_vendors],
    }
    return {
        "CLUSTER": agent.cluster,
        "RECORD_NAME": spec.hostname,
        "TAKEOVER_MODE": agent.takeover_mode,
        **{name: json.dumps(table) for name, table in tables.items()},
    }


def _entries(spec: SiteSpec, process: Process) -> dict[str, str]:
    """By which way this process enters each peer's stores."""
    part = next(part for part, processes in ENTRANTS.items() if process.name in processes)
    return {peer.site: peer.entries[part] for peer in spec.peers if part in peer.entries}


def secret_values(secrets: Secrets, database: Database) -> dict[str, Output[str]]:
    """Return every secret that the processes need, by its neutral name (`[a-z0-9-]`, which all three vaults take)."""
    return {
        "lifeboat-secret-key": secrets.secret_key,
        "lifeboat-signing-key": secrets.signing_key,
        "lifeboat-vapid-key": secrets.vapid_key,
        "lifeboat-replication-password": secrets.replication_password,
        "lifeboat-dns-keys": secrets.dns_keys,
        "lifeboat-database-url-app": database.url("app"),
        "lifeboat-database-url-agent": database.url("agent"),
    }


def secret_names(process: Process) -> dict[str, str]:
    """Return which secret, by neutral name, a process finds in which variable."""
    known = {"DATABASE_URL": f"lifeboat-database-url-{process.database_role}"}
    if process == AGENT:
        return known | {
            "SIGNING_KEY": "lifeboat-signing-key",
            "REPLICATION_PASSWORD": "lifeboat-replication-password",
            "DNS_KEYS": "lifeboat-dns-keys",
        }
    return known | {"SECRET_KEY": "lifeboat-secret-key", "VAPID_KEY": "lifeboat-vapid-key"}


def database_url(role: str, password: Output[str], host: Output[str], certificate: str) -> Output[str]:
    """Return a role's connection URL, as a secret; `certificate` is the root certificate's file, or `system`.

    Passwords are letters and digits (config.py and the clouds see to it), so nothing in it needs quoting.
    """
    tail = f"{DATABASE_PORT}/{DATABASE_NAME}?sslmode=verify-full&sslrootcert={certificate}"
    return Output.secret(Output.format("postgresql://lifeboat_{0}:{1}@{2}:{3}", role, password, host, tail))
