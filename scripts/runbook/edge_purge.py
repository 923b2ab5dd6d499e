"""Makes each cloud's edge forget pictures at once, by the provider's own API and the operator's own login.

Calls: docs.aws.amazon.com/cloudfront/latest/APIReference/API_CreateInvalidation.html,
cloud.google.com/compute/docs/reference/rest/v1/urlMaps/invalidateCache, and
learn.microsoft.com/rest/api/frontdoor/azurefrontdoorstandardpremium/afd-endpoints/purge-content. Each takes the order and carries
it out later: whether the pictures are gone is asked of the edges themselves (takedown_edges.py).
"""

import uuid
from collections.abc import Callable, Sequence
from typing import Any

import httpx

from infra.outputs import SiteOutputs
from scripts.runbook import azure_identity
from scripts.runbook.azure_management import Management
from scripts.runbook.errors import AzureRefused, PurgeRefused
from scripts.runbook.provider_command import SECONDS, said_by

COMPUTE = "https://compute.googleapis.com/compute/v1"


def order(outputs: SiteOutputs, name: str, keys: Sequence[str]) -> None:
    """Have a site's edge forget pictures of the app's name, by their keys. Raises PurgeRefused."""
    _ORDERS[outputs.cloud](outputs, name, [f"/{key}" for key in keys])


def _aws(outputs: SiteOutputs, name: str, paths: Sequence[str]) -> None:
    import boto3  # half a second, which no other command shall wait for
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        client = boto3.client("cloudfront", region_name="us-east-1")  # the one place where CloudFront is told
        pages = client.get_paginator("list_distributions").paginate()
        every = [one for page in pages for one in page["DistributionList"].get("Items", [])]
        found = [one["Id"] for one in every if name in one.get("Aliases", {}).get("Items", [])]
        if len(found) != 1:
            raise PurgeRefused(
                f"The account of {outputs.site} has {len(found)} CloudFront distributions for {name}, not one."
            )
        batch = {"Paths": {"Quantity": len(paths), "Items": list(paths)}, "CallerReference": str(uuid.uuid4())}
        client.create_invalidation(DistributionId=found[0], InvalidationBatch=batch)
    except (BotoCoreError, ClientError) as reason:
        raise PurgeRefused(f"CloudFront does not forget the pictures: {reason}") from reason


def _gcp(outputs: SiteOutputs, name: str, paths: Sequence[str]) -> None:
    """Ask every URL map that leads somewhere; the one that only redirects to HTTPS keeps nothing."""
    held = {"Authorization": f"Bearer {_token_of_gcloud()}"}
    place = f"{COMPUTE}/projects/{_project(outputs)}/global/urlMaps"
    maps = [one["name"] for one in _google("GET", place, held).get("items", []) if "defaultService" in one]
    if not maps:
        raise PurgeRefused(f"The project of {outputs.site} has no URL map whose edge could forget anything.")
    for url_map in maps:
        for path in paths:
            _google("POST", f"{place}/{url_map}/invalidateCache", held, {"host": name, "path": path})


def _google(method: str, url: str, held: dict[str, str], body: dict[str, str] | None = None) -> dict[str, Any]:
    try:
        answer = httpx.request(method, url, headers=held, json=body, timeout=SECONDS)
    except httpx.HTTPError as reason:
        raise PurgeRefused(f"Google cannot be asked: {type(reason).__name__} {reason}") from reason
    if not answer.is_success:
        raise PurgeRefused(f"Google answered {answer.status_code} to {method} {url}: {answer.text[:300]}")
    return answer.json()


def _project(outputs: SiteOutputs) -> str:
    """Return the project, which stands in the name of the site's own image (REGION-docker.pkg.dev/PROJECT/...)."""
    parts = outputs.image.split("/")
    if len(parts) < 4:
        raise PurgeRefused(f"The outputs of {outputs.site} name no image, and so no project.")
    return parts[1]


def _token_of_gcloud() -> str:
    absent = "There is no gcloud here: log in with `gcloud auth login` first."
    return said_by("gcloud", "auth", "print-access-token", absent=absent, refusal=PurgeRefused)


def _azure(outputs: SiteOutputs, name: str, paths: Sequence[str]) -> None:
    try:
        Management(azure_identity.subscription()).forget(outputs.site, name, paths)
    except AzureRefused as reason:
        raise PurgeRefused(str(reason)) from reason


_ORDERS: dict[str, Callable[[SiteOutputs, str, Sequence[str]], None]] = {"aws": _aws, "gcp": _gcp, "azure": _azure}
