"""The name in the database's certificate, made to resolve inside this network."""

from collections.abc import Sequence

import pulumi_gcp as gcp
from pulumi import Input, Output

from infra.capability import Capability

TTL_SECONDS = 60


def own_name(owner: Capability, instance: gcp.sql.DatabaseInstance, vpc_id: Input[str]) -> Output[str]:
    """Return the instance's name, which a private zone resolves to its address (which a change of zone leaves as it is).

    Cloud SQL puts the name into the certificate and leaves it to us to resolve it.
    """
    name = instance.dns_names.apply(lambda names: instance.dns_name.apply(lambda plain: certified_name(names, plain)))
    seen_by = gcp.dns.ManagedZonePrivateVisibilityConfigNetworkArgs(network_url=vpc_id)
    zone = gcp.dns.ManagedZone(
        owner.child("name"),
        dns_name=name,
        visibility="private",
        private_visibility_config=gcp.dns.ManagedZonePrivateVisibilityConfigArgs(networks=[seen_by]),
        labels=owner.tags,
        opts=owner.inside(),
    )
    record = gcp.dns.RecordSet(
        owner.child("name"),
        managed_zone=zone.name,
        name=name,
        type="A",
        ttl=TTL_SECONDS,
        rrdatas=[instance.private_ip_address],
        opts=owner.inside(),
    )
    return record.name.apply(lambda found: found.removesuffix("."))


def certified_name(names: Sequence[gcp.sql.outputs.DatabaseInstanceDnsName] | None, plain: str | None) -> str:
    """Choose among an instance's names the one for private services access; it ends in a dot.

    Raises ValueError when there is none, since then no client could check the database's certificate.
    """
    wanted = ("PRIVATE_SERVICES_ACCESS", "INSTANCE")
    private = (found.name for found in names or [] if (found.connection_type, found.dns_scope) == wanted)
    name = next(private, plain)
    if not name:
        raise ValueError(
            "Cloud SQL gave the instance no name for private services access, so its certificate cannot be checked; "
            "see whether its server CA mode is GOOGLE_MANAGED_CAS_CA."
        )
    return name if name.endswith(".") else f"{name}."
