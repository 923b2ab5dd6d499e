"""Who asks Azure: the identity a container app acts under, or whoever is logged in with `az` on this computer.

Source: learn.microsoft.com/azure/container-apps/managed-identity and learn.microsoft.com/cli/azure/account.
"""

import os

import httpx

from app.federation import IDENTITY_VERSION
from scripts.runbook.errors import AzureRefused
from scripts.runbook.provider_command import SECONDS, said_by


def is_in_azure() -> bool:
    """Say whether this process runs in a container app that has an identity."""
    return "IDENTITY_ENDPOINT" in os.environ


def token(resource: str) -> str:
    """Return a token for one of Azure's services, by its URL. Raises AzureRefused, httpx.HTTPError, KeyError."""
    if not is_in_azure():
        return _ask_az("account", "get-access-token", "--resource", resource, "--query", "accessToken")
    wanted = {"resource": resource, "api-version": IDENTITY_VERSION, "client_id": os.environ["AZURE_CLIENT_ID"]}
    secret = {"X-IDENTITY-HEADER": os.environ["IDENTITY_HEADER"]}
    answer = httpx.get(os.environ["IDENTITY_ENDPOINT"], params=wanted, headers=secret, timeout=SECONDS)
    return str(answer.raise_for_status().json()["access_token"])


def subscription() -> str:
    """Return the subscription in which this computer's `az` acts. Raises AzureRefused."""
    return _ask_az("account", "show", "--query", "id")


def _ask_az(*arguments: str) -> str:
    absent = "Neither an identity of Azure's nor `az` is here: log in with `az login` first."
    return said_by("az", *arguments, "--output", "tsv", absent=absent, refusal=AzureRefused)
