"""How the processes of another site enter this one: an identity for each way, for tokens of that provider alone."""

from collections.abc import Mapping, Sequence

import pulumi_azure_native as azure
from pulumi import Input, Output, Resource

from infra.capability import Capability
from infra.clouds.azure.control import Control
from infra.clouds.azure.media import Media
from infra.clouds.azure.place import Place
from infra.clouds.azure.roles import BLOBS, allow, identity
from infra.identities import ENTRANTS, audience, writable
from infra.spec import Peer


class Door:
    """An identity that nobody can be until somebody is let in: it stands from the first `up` on, so its entry is known."""

    def __init__(self, owner: Capability, whose: str, part: str, place: Place) -> None:
        self.owner, self.place = owner, place
        self.name = f"from-{whose}-{part}"
        self.identity = identity(owner, self.name, place)
        self.entry = Output.format("{0}/{1}", self.identity.tenant_id, self.identity.client_id)
        self.latest: list[Resource] = []

    def let_in(self, who: str, issuer: str, subject: str, whom: str) -> None:
        """Let in whoever shows a token of this issuer, about exactly this subject, made out to `whom`.

        One after the other: Azure refuses two changes of one identity's credentials at the same time.
        """
        credential = azure.managedidentity.FederatedIdentityCredential(
            self.owner.child(f"{self.name}-{who}"),
            federated_identity_credential_resource_name=who,
            resource_name_=self.identity.name,
            resource_group_name=self.place.group.name,
            issuer=issuer,
            subject=subject,
            audiences=[whom],
            opts=self.owner.inside(depends_on=self.latest),
        )
        self.latest = [credential]


def federate(
    owner: Capability, peer: Peer, doors: Mapping[str, Door], keeper: Input[str], media: Media, control: Control
) -> None:
    """Let a peer's processes in: its app to the pictures, its agent to the control stores too.

    `keeper` is the role that reads and writes and never deletes.
    """
    for part, processes in ENTRANTS.items():
        door = doors[part]
        for process in processes:
            door.let_in(process, peer.issuer, peer.subjects[process], audience(peer.site, owner.spec.site))
        allow(owner, f"{door.name}-media", door.identity, keeper, media.pictures.id, only_below(["media/"]))
    agent = doors["agent"]
    allow(owner, f"{agent.name}-lease", agent.identity, keeper, control.lease.id, only_below(writable(peer.site)))
    allow(owner, f"{agent.name}-ledger", agent.identity, keeper, control.ledger.id)


def only_below(prefixes: Sequence[str]) -> str:
    """Return the condition under which a write is allowed: the blob's name begins with one of the prefixes.

    Form: Microsoft's documentation, "Azure role assignment condition format and syntax".
    """
    path = f"@Resource[{BLOBS}:path]"
    named = " OR ".join(f"{path} StringLike '{prefix}*'" for prefix in prefixes)
    return f"((!(ActionMatches{{'{BLOBS}/write'}})) OR ({named}))"
