"""What the doubles take from the SDKs and from their own tables; needs no engine."""

import importlib
import re
from typing import Any

import pytest

from tests.engine import invented, sdk
from tests.engine.estate import Estate, RefusedError
from tests.engine.facts import Account, facts


@pytest.mark.parametrize("package", sorted(sdk.MODULES))
def test_every_type_has_a_class_in_the_sdk(package: str) -> None:
    """It finds, for a sample of the registered types, the class that carries that very type token, and its outputs."""
    tokens = list(sdk.types(package))
    sample = tokens[:: max(1, len(tokens) // 25)]

    found = {token: sdk.outputs(token) for token in sample}

    assert len(tokens) >= 10
    assert all(found.values())


@pytest.mark.parametrize("token", ["aws:rds/instance:Instance", "random:index/randomPassword:RandomPassword"])
def test_outputs_read_from_source_are_those_of_the_class(token: str) -> None:
    """It names the same outputs as the class itself does once it is imported."""
    kind = getattr(importlib.import_module(sdk.types(token.partition(":")[0])[token]), token.rpartition(":")[2])
    declared = {getattr(entry.fget, "_pulumi_name", "") for entry in vars(kind).values() if isinstance(entry, property)}

    named = {output.name for output in sdk.outputs(token)}

    assert named == declared


@pytest.mark.parametrize("token", sorted(invented.SHAPES))
def test_a_table_entry_fits_its_type(token: str) -> None:
    """It names a type of the SDK, outputs that it declares (but for `type`, which some lack), and an input as name."""
    shape = invented.SHAPES[token]

    declared = {output.name for output in sdk.outputs(token)}

    assert set(shape.outputs) - {"type"} <= declared
    assert not shape.named_by or sdk.snake(shape.named_by) in sdk.inputs(token)


def answers(token: str, inputs: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    account = Account(token.partition(":")[0], region="here-1", project="example")
    words = facts(account, token, "thing", inputs, invented.shape_of(token).named_by, 1)
    words["id"] = invented.identifier(token, words)
    return words["id"], invented.outputs(token, inputs, words)


@pytest.mark.parametrize("token", sorted(invented.SHAPES))
def test_every_promised_output_is_there(token: str) -> None:
    """It answers every output that the SDK declares as always there, and an identifier."""
    identifier, outputs = answers(token, {})

    assert identifier
    assert [each.name for each in sdk.outputs(token) if each.always_there and outputs.get(each.name) is None] == []


@pytest.mark.parametrize(
    ("token", "inputs", "expected"),
    [
        ("aws:ec2/vpc:Vpc", {}, r"vpc-[0-9a-f]{17}"),
        ("aws:s3/bucket:Bucket", {"bucket": "pictures"}, "pictures"),
        ("gcp:storage/bucket:Bucket", {"name": "pictures"}, "pictures"),
        ("gcp:compute/network:Network", {"name": "net"}, "projects/example/global/networks/net"),
        (
            "azure-native:storage:BlobContainer",
            {"resourceGroupName": "g", "accountName": "a", "containerName": "c"},
            "/subscriptions/[0-9-]+/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/a/blobServices/default/containers/c",
        ),
    ],
)
def test_identifiers_have_the_forms_of_the_cloud(token: str, inputs: dict[str, Any], expected: str) -> None:
    """It names a resource the way its cloud does."""
    identifier, _ = answers(token, inputs)

    assert re.fullmatch(expected, identifier)


def test_a_lock_guards_what_lies_below_it() -> None:
    """It refuses to delete an Azure server while a lock on it stands, and lets it go once the lock is gone."""
    estate, urn = Estate(Account("azure-native")), "urn:pulumi:azure::lifeboat::x::{}".format
    server, lock = "azure-native:dbforpostgresql:Server", "azure-native:authorization:ManagementLockByScope"
    identifier, _ = estate.create(server, urn("server"), {"resourceGroupName": "g", "serverName": "s"})
    lock_id, _ = estate.create(lock, urn("lock"), {"scope": identifier, "lockName": "keep", "level": "CanNotDelete"})

    with pytest.raises(RefusedError, match=r"while the lock .*/locks/keep stands"):
        estate.delete(server, identifier, urn("server"))
    estate.delete(lock, lock_id, urn("lock"))
    estate.delete(server, identifier, urn("server"))

    assert estate.held == {}


def test_google_guards_a_database_that_says_nothing() -> None:
    """It refuses to delete a Cloud SQL instance whose program left deletion protection at its default."""
    estate, token = Estate(Account("gcp")), "gcp:sql/databaseInstance:DatabaseInstance"
    identifier, _ = estate.create(
        token, "urn:pulumi:gcp::lifeboat::x::db", {"name": "db", "databaseVersion": "POSTGRES_17"}
    )

    with pytest.raises(RefusedError, match="while its deletionProtection is on"):
        estate.delete(token, identifier, "urn:pulumi:gcp::lifeboat::x::db")


def test_a_name_that_is_taken_is_refused() -> None:
    """It refuses a second bucket of the same name, and says who has it."""
    estate = Estate(Account("aws"))
    estate.create("aws:s3/bucket:Bucket", "urn:pulumi:aws::lifeboat::x::first", {"bucket": "pictures"})

    with pytest.raises(RefusedError, match="pictures already exists in aws, as first"):
        estate.create("aws:s3/bucket:Bucket", "urn:pulumi:aws::lifeboat::x::second", {"bucket": "pictures"})


def test_a_type_of_another_release_is_refused() -> None:
    """It refuses a type that the installed SDK does not register, and names the release."""
    with pytest.raises(RefusedError, match=r"The type aws:s3/vault:Vault is not one of pulumi_aws \d+\.\d+\.\d+\."):
        Estate(Account("aws")).known("aws:s3/vault:Vault")
