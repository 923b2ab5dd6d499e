"""One body of tests over who may enter each site: CI in two roles, and each process of the two others, by name."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from infra import clouds
from infra.identities import ENTRANTS, audience, writable
from tests.infra.recordings import IDENTITIES, Recording, dig, recording

REPOSITORY = "repo:example/lifeboat:environment:"
KEYS = ("aws:iam/accessKey:AccessKey", "gcp:serviceaccount/key:Key", "gcp:storage/hmacKey:HmacKey")
POLICY, ROLE = "aws:iam/rolePolicy:RolePolicy", "aws:iam/role:Role"
PROVIDER = "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider"
MEMBER = "gcp:storage/bucketIAMMember:BucketIAMMember"
CREDENTIAL = "azure-native:managedidentity:FederatedIdentityCredential"
ASSIGNMENT = "azure-native:authorization:RoleAssignment"

Trusted = set[tuple[str, str, str]]
"""Issuer, subject and audience of each token that opens something."""


@dataclass(frozen=True)
class Doors:
    """Where one cloud shows whom it lets in, and what they may write."""

    trusted: Callable[[Recording], Trusted]
    written: Callable[[Recording, str], set[str]]


def _aws_trusted(found: Recording) -> Trusted:
    documents = [json.loads(one["inputs"]["assumeRolePolicy"]) for one in found.of_type(ROLE)]
    entrances = [text for text in documents if text["Statement"][0]["Action"] == "sts:AssumeRoleWithWebIdentity"]
    return {one for document in entrances for one in _claims(document["Statement"][0]["Condition"]["StringEquals"])}


def _claims(exactly: dict[str, Any]) -> Trusted:
    (issuer,) = {key.rpartition(":")[0] for key in exactly}
    (whom,) = [value for key, value in exactly.items() if key.rpartition(":")[2] in ("aud", "oaud")]
    subjects = exactly[f"{issuer}:sub"]
    return {(f"https://{issuer}", one, whom) for one in (subjects if isinstance(subjects, list) else [subjects])}


def _aws_written(found: Recording, peer: str) -> set[str]:
    (one,) = [one for one in found.of_type(POLICY) if one["name"] == f"lifeboat-access-from-{peer}-agent"]
    statements = json.loads(one["inputs"]["policy"])["Statement"]
    named = [name for each in statements if "s3:PutObject" in each["Action"] for name in each["Resource"]]
    return {name.partition("/")[2].rstrip("*") for name in named if "lease" in name}


def _gcp_trusted(found: Recording) -> Trusted:
    opened: Trusted = set()
    for one in found.of_type(PROVIDER):
        condition = one["inputs"]["attributeCondition"]
        subjects = json.loads(condition.removeprefix("assertion.sub in ").replace("'", '"'))
        (whom,) = dig(one["inputs"], "oidc.allowedAudiences") or [""]
        opened |= {(dig(one["inputs"], "oidc.issuerUri"), subject, whom) for subject in subjects}
    return opened


def _gcp_written(found: Recording, peer: str) -> set[str]:
    (one,) = [one for one in found.of_type(MEMBER) if one["name"] == f"lifeboat-access-from-{peer}-agent-lease-write"]
    parts = dig(one["inputs"], "condition.expression").split(" || ")
    return {part.partition("/objects/")[2].rstrip('")') for part in parts}


def _azure_trusted(found: Recording) -> Trusted:
    return {
        (one["inputs"]["issuer"], one["inputs"]["subject"], one["inputs"]["audiences"][0])
        for one in found.of_type(CREDENTIAL)
    }


def _azure_written(found: Recording, peer: str) -> set[str]:
    (one,) = [one for one in found.of_type(ASSIGNMENT) if one["name"] == f"lifeboat-access-from-{peer}-agent-lease"]
    assert one["inputs"]["conditionVersion"] == "2.0"
    return {part.partition("'")[0].rstrip("*") for part in one["inputs"]["condition"].split("StringLike '")[1:]}


DOORS = {
    "aws": Doors(_aws_trusted, _aws_written),
    "gcp": Doors(_gcp_trusted, _gcp_written),
    "azure": Doors(_azure_trusted, _azure_written),
}


@pytest.fixture(params=clouds.NAMES)
def cloud(request: pytest.FixtureRequest) -> str:
    return request.param


def peers_of(cloud: str) -> list[str]:
    return [name for name in clouds.NAMES if name != cloud]


def test_alone_a_site_lets_in_ci_and_nobody_else(cloud: str) -> None:
    """It trusts two exact subjects of one repository, each with its environment, before it knows its peers."""
    opened = DOORS[cloud].trusted(recording(cloud))

    assert {(issuer, subject) for issuer, subject, _ in opened} == {
        ("https://token.actions.githubusercontent.com", f"{REPOSITORY}{cloud}"),
        ("https://token.actions.githubusercontent.com", f"{REPOSITORY}{cloud}-preview"),
    }


def test_joined_it_lets_in_each_process_of_its_peers_by_name(cloud: str) -> None:
    """It trusts exactly the named processes, each by its own issuer and made out to this site."""
    opened = DOORS[cloud].trusted(recording(cloud, joined=True)) - DOORS[cloud].trusted(recording(cloud))

    assert opened == {
        (IDENTITIES[peer]["issuer"], subject, audience(peer, cloud))
        for peer in peers_of(cloud)
        for subject in IDENTITIES[peer]["subjects"].values()
    }


def test_no_token_opens_two_sites() -> None:
    """It has each site's tokens made out to one other site, where that site's provider lets it choose."""
    for entrant in ("aws", "gcp"):
        assert len({audience(entrant, entered) for entered in peers_of(entrant)}) == 2


def test_a_peer_writes_only_its_own_part_of_the_control_stores(cloud: str) -> None:
    """It lets a peer's agent write the register, the requests and its own status, and no other site's status."""
    for peer in peers_of(cloud):
        assert DOORS[cloud].written(recording(cloud, joined=True), peer) == set(writable(peer))


def test_a_peer_deletes_nothing(cloud: str) -> None:
    """It grants no peer the right to delete: what a peer must not lose, it cannot take from another."""
    found = recording(cloud, joined=True)

    rights = {
        "aws": [one["inputs"]["policy"] for one in found.of_type(POLICY) if "-from-" in one["name"]],
        "gcp": [
            one["inputs"]["role"]
            for one in found.of_type(MEMBER)
            if "ledger" in one["name"] and "-from-" in one["name"]
        ],
        "azure": [
            json.dumps(one["inputs"]["permissions"])
            for one in found.of_type("azure-native:authorization:RoleDefinition")
            if one["name"].endswith("keeper")
        ],
    }[cloud]

    assert rights
    assert not [text for text in rights if "elete" in text or "Admin" in text or "objectUser" in text]


def test_the_ways_in_are_known_before_anybody_is_let_in(cloud: str) -> None:
    """It names the same ways in with the first `up` as with the second, so that no third is needed."""
    alone, joined = recording(cloud).outputs["entries"], recording(cloud, joined=True).outputs["entries"]

    assert alone == joined
    assert {peer: set(ways) for peer, ways in alone.items()} == {
        **{peer: set(ENTRANTS) for peer in peers_of(cloud)},
        "ci": {"preview", "deploy", "provider"},
    }


def test_no_key_is_stored_anywhere(cloud: str) -> None:
    """It makes no access key, no service account key and no password for anybody to keep."""
    assert not [one for kind in KEYS for one in recording(cloud, joined=True).of_type(kind)]


def test_preview_can_only_read() -> None:
    """It gives CI's preview no right that changes anything, on any cloud."""
    aws, gcp, azure = (recording(name) for name in clouds.NAMES)
    (policy,) = [one["inputs"]["policy"] for one in aws.of_type(POLICY) if one["name"] == "lifeboat-access-preview"]
    actions = {action for each in json.loads(policy)["Statement"] for action in each["Action"]}
    roles = {
        one["inputs"]["role"]
        for one in gcp.of_type("gcp:projects/iAMMember:IAMMember")
        if "preview" in one["inputs"]["member"]
    }
    numbers = {
        one["inputs"]["roleDefinitionId"].rpartition("/")[2]
        for one in azure.of_type(ASSIGNMENT)
        if one["name"].startswith("lifeboat-access-ci-preview")
    }

    assert actions == {"s3:GetObject", "s3:ListBucket", "kms:Decrypt"}
    assert roles == {
        "roles/viewer",
        "roles/iam.securityReviewer",
        "roles/storage.objectViewer",
        "roles/cloudkms.cryptoKeyDecrypter",
    }
    assert numbers == {
        "acdd72a7-3385-48ef-bd42-f606fba81ae7",
        "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
        "12338af0-0e69-4776-bea7-57ae8d297424",
    }


def test_deploy_may_do_what_the_description_makes() -> None:
    """It names exactly the AWS services of which the description makes something."""
    called = {
        "alb": "elasticloadbalancing",
        "lb": "elasticloadbalancing",
        "appautoscaling": "application-autoscaling",
        "vpc": "ec2",
    }
    found = recording("aws", joined=True)
    made = {one["type"].split(":")[1].partition("/")[0] for one in found.provided() if ":" in one["type"]}
    (policy,) = [one["inputs"]["policy"] for one in found.of_type(POLICY) if one["name"] == "lifeboat-access-deploy"]

    allowed = set(json.loads(policy)["Statement"][0]["Action"])

    # The SDK counts log groups to CloudWatch; the permission is of a service of its own.
    assert allowed == {f"{called.get(service, service)}:*" for service in made - {"providers"}} | {"logs:*"}
