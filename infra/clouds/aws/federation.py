"""How the processes of another site enter this one: a role for each way, for tokens of that site's provider alone."""

from collections.abc import Sequence

import pulumi_aws as aws
from pulumi import Input, Output

from infra.capability import Capability
from infra.clouds.aws.control import Control
from infra.clouds.aws.media import Media
from infra.clouds.aws.roles import Statement, allow, federated_trust, policy
from infra.identities import ENTRANTS, audience, writable
from infra.spec import Peer, SiteSpec

GOOGLE = "https://accounts.google.com"


def entry_of(spec: SiteSpec, peer: str, part: str) -> str:
    """Return the role that a peer's processes take on here; it is known before the role is made."""
    return f"arn:aws:iam::{spec.account}:role/{_name(peer, part)}"


def _name(peer: str, part: str) -> str:
    return f"lifeboat-from-{peer}-{part}"


def federate(owner: Capability, peer: Peer, media: Media, control: Control) -> None:
    """Let a peer's processes in: its app to the pictures, its agent to the control stores too."""
    principal = _issuer(owner, peer)
    rights = {"app": _pictures(media), "agent": [*_pictures(media), *_control(peer, control)]}
    for part, processes in ENTRANTS.items():
        role = aws.iam.Role(
            owner.child(f"from-{peer.site}-{part}"),
            name=_name(peer.site, part),
            assume_role_policy=_trust(owner, peer, processes, principal),
            tags=owner.tags,
            opts=owner.inside(),
        )
        aws.iam.RolePolicy(
            owner.child(f"from-{peer.site}-{part}"), role=role.id, policy=policy(rights[part]), opts=owner.inside()
        )


def _issuer(owner: Capability, peer: Peer) -> Input[str]:
    """AWS knows Google by itself, and nobody else."""
    if peer.issuer == GOOGLE:
        return GOOGLE.removeprefix("https://")
    return aws.iam.OpenIdConnectProvider(
        owner.child(f"from-{peer.site}"),
        url=peer.issuer,
        client_id_lists=[audience(peer.site, owner.spec.site)],
        tags=owner.tags,
        opts=owner.inside(),
    ).arn


def _trust(owner: Capability, peer: Peer, processes: Sequence[str], principal: Input[str]) -> Output[str]:
    """For Google's tokens `oaud` is the audience; `aud` is who asked (AWS IAM user guide, "Available keys for OIDC")."""
    claims, whom = peer.issuer.removeprefix("https://"), "oaud" if peer.issuer == GOOGLE else "aud"
    exactly = {
        f"{claims}:{whom}": audience(peer.site, owner.spec.site),
        f"{claims}:sub": [peer.subjects[process] for process in processes],
    }
    return Output.from_input(principal).apply(lambda federated: federated_trust(federated, exactly))


def _pictures(media: Media) -> list[Statement]:
    objects = Output.format("{0}/media/*", media.bucket.arn)
    return [
        allow(["s3:GetObject", "s3:PutObject"], objects),
        allow(["kms:Decrypt", "kms:GenerateDataKey"], media.key.arn),
    ]


def _control(peer: Peer, control: Control) -> list[Statement]:
    lease, ledger = control.lease.arn, control.ledger.arn
    written = [Output.format("{0}/{1}*", lease, prefix) for prefix in writable(peer.site)]
    return [
        allow(["s3:ListBucket"], lease, ledger),
        allow(["s3:GetObject"], Output.format("{0}/*", lease), Output.format("{0}/*", ledger)),
        allow(["s3:PutObject"], *written, Output.format("{0}/*", ledger)),
        allow(["kms:Decrypt", "kms:GenerateDataKey"], control.key.arn),
    ]
