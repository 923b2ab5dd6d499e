"""What a double answers to a provider's functions: only those listed here are known."""

from collections.abc import Callable, Mapping
from typing import Any

from tests.engine.facts import Account

Answer = Callable[[Mapping[str, Any], Account], dict[str, Any]]


def zones(_: Mapping[str, Any], account: Account) -> dict[str, Any]:
    names = [f"{account.region}{letter}" for letter in "abc"]
    return {"id": account.region, "names": names, "zoneIds": [f"zone-{name}" for name in names]}


def caller(_: Mapping[str, Any], account: Account) -> dict[str, Any]:
    return {
        "id": account.number,
        "accountId": account.number,
        "arn": f"arn:aws:iam::{account.number}:role/deploy",
        "userId": "AROA",
    }


def region(_: Mapping[str, Any], account: Account) -> dict[str, Any]:
    return {"id": account.region, "name": account.region, "region": account.region}


def google_project(_: Mapping[str, Any], account: Account) -> dict[str, Any]:
    return {
        "id": f"projects/{account.project}",
        "projectId": account.project,
        "number": account.number,
        "name": account.project,
    }


def azure_client(_: Mapping[str, Any], account: Account) -> dict[str, Any]:
    tenant = "11111111-1111-1111-1111-111111111111"
    return {"clientId": tenant, "objectId": tenant, "subscriptionId": account.subscription, "tenantId": tenant}


ANSWERS: dict[str, Answer] = {
    "aws:index/getAvailabilityZones:getAvailabilityZones": zones,
    "aws:index/getCallerIdentity:getCallerIdentity": caller,
    "aws:index/getRegion:getRegion": region,
    "gcp:organizations/getProject:getProject": google_project,
    "azure-native:authorization:getClientConfig": azure_client,
}
