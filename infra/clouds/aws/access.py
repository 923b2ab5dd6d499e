"""Access: who may enter without a stored key. CI in two roles, and the processes of the other two sites."""

from collections.abc import Sequence

import pulumi_aws as aws
from pulumi import Output, ResourceOptions

from infra.capability import Capability
from infra.clouds.aws.control import Control
from infra.clouds.aws.federation import entry_of, federate
from infra.clouds.aws.media import Media
from infra.clouds.aws.network import Network
from infra.clouds.aws.roles import Statement, allow, federated_trust, policy
from infra.clouds.aws.service import Service
from infra.identities import CI_ISSUER, CI_ROLES, ENTRANTS, STATE, ci_subject
from infra.spec import SiteSpec

CI_AUDIENCE = "sts.amazonaws.com"
READ = ["arn:aws:iam::aws:policy/SecurityAudit", "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"]
"""AWS's own policies that show settings and never data."""

DEPLOYED = (
    "acm", "application-autoscaling", "cloudfront", "cloudtrail", "cloudwatch", "ec2", "ecr", "ecs",
    "elasticloadbalancing", "iam", "kms", "logs", "rds", "s3", "secretsmanager", "sns", "wafv2",
)  # fmt: skip
"""The services of which this description makes something; a test compares them with what it makes."""


class Access(Capability):
    """`identity` is what the peers must know to let this site in; `entries` is by which way each of them comes in here."""

    def __init__(
        self,
        name: str,
        spec: SiteSpec,
        network: Network,
        media: Media,
        control: Control,
        service: Service,
        opts: ResourceOptions,
    ) -> None:
        super().__init__(name, spec, opts)
        self.github = self._github()
        ci = {role: self._ci(role, statements) for role, statements in _ci_rights().items()}
        issuer = aws.iam.OutboundWebIdentityFederation(self.child("tokens"), opts=self.inside()).issuer_identifier
        for peer in spec.trusted:
            federate(self, peer, media, control)
        self.identity = Output.from_input({"issuer": issuer, "subjects": service.subjects})
        ways = {other: {part: entry_of(spec, other, part) for part in ENTRANTS} for other in spec.others}
        self.entries = Output.from_input({**ways, "ci": {**ci, "provider": self.github.arn}})
        self.register_outputs({"identity": self.identity, "entries": self.entries})

    def _github(self) -> aws.iam.OpenIdConnectProvider:
        return aws.iam.OpenIdConnectProvider(
            self.child("ci"), url=CI_ISSUER, client_id_lists=[CI_AUDIENCE], tags=self.tags, opts=self.inside()
        )

    def _ci(self, role: str, statements: Sequence[Statement]) -> Output[str]:
        claims = CI_ISSUER.removeprefix("https://")
        exactly = {f"{claims}:aud": CI_AUDIENCE, f"{claims}:sub": ci_subject(self.spec, role)}
        made = aws.iam.Role(
            self.child(role),
            name=f"lifeboat-ci-{role}",
            assume_role_policy=self.github.arn.apply(lambda arn: federated_trust(arn, exactly)),
            max_session_duration=2 * 3600,
            tags=self.tags,
            opts=self.inside(),
        )
        aws.iam.RolePolicy(self.child(role), role=made.id, policy=policy(statements), opts=self.inside())
        for number, readable in enumerate(READ if role == "preview" else [], start=1):
            aws.iam.RolePolicyAttachment(
                self.child(f"{role}-{number}"), role=made.name, policy_arn=readable, opts=self.inside()
            )
        return made.arn


def _ci_rights() -> dict[str, list[Statement]]:
    """The state's bucket and key, read or written; only `deploy` may change anything else."""
    buckets = [f"arn:aws:s3:::{STATE}-*", f"arn:aws:s3:::{STATE}-*/*"]
    of_the_state = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": f"alias/{STATE}"}}
    rights = {
        "preview": [
            allow(["s3:GetObject", "s3:ListBucket"], *buckets),
            {**allow(["kms:Decrypt"], "*"), "Condition": of_the_state},
        ],
        "deploy": [allow([f"{service}:*" for service in DEPLOYED], "*")],
    }
    return {role: rights[role] for role in CI_ROLES}
