"""The environment of the three processes: all that the app ever sees of its site. Written once, for all clouds.

Each cloud only turns these names into its own form; secrets go through its vault under their neutral names.
"""

import json

import pulumi
from pulumi import Output

from infra.contract import Control, Database, Media, Secrets
from infra.identities import ENTRANTS
from infra.spec import AGENT, DATABASE_NAME, DATABASE_PORT, Process, SiteSpec

CERTIFICATES = "/etc/lifeboat/certificates"
"""Where the image keeps the root certificates of the three database services, one file a cloud: <cloud>.pem."""
TRUSTED_PROXIES = 2
"""The edge names the client and the load balancer behind it names the edge, on all three clouds: the app counts by it."""


def plain(spec: SiteSpec, process: Process, media: Media, control: Control) -> dict[str, Output[str]]:
    """Return the variables of a process that are no secret."""
    known = {
        "SITE": Output.from_input(spec.site),
        "APP_URL": Output.from_input(spec.app_url),
        "MEDIA_URL": media.url,
        "MEDIA_PEERS": Output.from_input(json.dumps({peer.site: peer.media_url for peer in spec.peers})),
        "PEER_ENTRIES": Output.from_input(json.dumps(_entries(spec, process))),
        "ACKNOWLEDGE_TIMEOUT": Output.from_input(str(spec.service.acknowledge_timeout_seconds)),
        "MAX_UPLOAD_MIB": Output.from_input(str(spec.service.max_upload_mib)),
        "TRUSTED_PROXIES": Output.from_input(str(TRUSTED_PROXIES)),
    }
    return known | _control_urls(spec, control) if process == AGENT else known


def _entries(spec: SiteSpec, process: Process) -> dict[str, str]:
    """By which way this process enters each peer's stores."""
    part = next(part for part, processes in ENTRANTS.items() if process.name in processes)
    return {peer.site: peer.entries[part] for peer in spec.peers if part in peer.entries}


def _control_urls(spec: SiteSpec, control: Control) -> dict[str, Output[str]]:
    return {
        "LEASE_URLS": pulumi.Output.json_dumps(
            {spec.site: control.lease_url} | {peer.site: peer.lease_url for peer in spec.peers}
        ),
        "LEDGER_URLS": pulumi.Output.json_dumps(
            {spec.site: control.ledger_url} | {peer.site: peer.ledger_url for peer in spec.peers}
        ),
    }


def secret_values(secrets: Secrets, database: Database) -> dict[str, Output[str]]:
    """Return every secret that the processes need, by its neutral name (`[a-z0-9-]`, which all three vaults take)."""
    return {
        "lifeboat-secret-key": secrets.secret_key,
        "lifeboat-signing-key": secrets.signing_key,
        "lifeboat-vapid-key": secrets.vapid_key,
        "lifeboat-replication-password": secrets.replication_password,
        "lifeboat-database-url-app": database.url("app"),
        "lifeboat-database-url-agent": database.url("agent"),
    }


def secret_names(process: Process) -> dict[str, str]:
    """Return which secret, by neutral name, a process finds in which variable."""
    known = {"DATABASE_URL": f"lifeboat-database-url-{process.database_role}", "SECRET_KEY": "lifeboat-secret-key"}
    if process == AGENT:
        return known | {
            "SIGNING_KEY": "lifeboat-signing-key",
            "REPLICATION_PASSWORD": "lifeboat-replication-password",
        }
    return known | {"VAPID_KEY": "lifeboat-vapid-key"}


def database_url(role: str, password: Output[str], host: Output[str], certificate: str) -> Output[str]:
    """Return a role's connection URL, as a secret; `certificate` is the root certificate's file, or `system`.

    Passwords are letters and digits (config.py and the clouds see to it), so nothing in it needs quoting.
    """
    tail = f"{DATABASE_PORT}/{DATABASE_NAME}?sslmode=verify-full&sslrootcert={certificate}"
    return Output.secret(Output.format("postgresql://lifeboat_{0}:{1}@{2}:{3}", role, password, host, tail))
