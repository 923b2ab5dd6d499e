"""The certificate for the app's name: issued by a record in the neutral DNS, before the name points here."""

from collections.abc import Sequence

import pulumi_gcp as gcp
from pulumi import Output

from infra.capability import Capability
from infra.clouds.gcp.project import Project

PREFIX = "//certificatemanager.googleapis.com/"


class Certificate:
    """A managed certificate and the map that a load balancer takes; `records` must stand in the DNS and stay there.

    The record is this project's own: the common one (`_acme-challenge`) is needed for another cloud's certificate.
    """

    def __init__(self, owner: Capability, project: Project) -> None:
        hostname = owner.spec.hostname
        proof = gcp.certificatemanager.DnsAuthorization(
            owner.child("proof"),
            domain=hostname,
            type="PER_PROJECT_RECORD",
            labels=owner.tags,
            opts=owner.inside(depends_on=project.apis),
        )
        certificate = gcp.certificatemanager.Certificate(
            owner.child("certificate"),
            managed=gcp.certificatemanager.CertificateManagedArgs(domains=[hostname], dns_authorizations=[proof.id]),
            labels=owner.tags,
            opts=owner.inside(),
        )
        certificates = gcp.certificatemanager.CertificateMap(
            owner.child("certificates"), labels=owner.tags, opts=owner.inside(depends_on=project.apis)
        )
        gcp.certificatemanager.CertificateMapEntry(
            owner.child("certificates"),
            map=certificates.name,
            hostname=hostname,
            certificates=[certificate.id],
            labels=owner.tags,
            opts=owner.inside(),
        )
        self.map_url = Output.concat(PREFIX, certificates.id)
        self.records = proof.dns_resource_records.apply(_proofs)


def _proofs(
    records: Sequence[gcp.certificatemanager.outputs.DnsAuthorizationDnsResourceRecord],
) -> list[dict[str, str]]:
    found = [(one.name, one.type, one.data) for one in records]
    return [
        {"name": name.rstrip("."), "type": kind, "value": data} for name, kind, data in found if name and kind and data
    ]
