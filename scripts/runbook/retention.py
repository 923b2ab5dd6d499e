"""Whether the retention of an Azure store could still be shortened, as the store itself says of what it keeps.

Calls: learn.microsoft.com/rest/api/storageservices/list-blobs, with `include=immutabilitypolicy`. AWS and Google make their stores
locked, so only Azure's are asked.
"""

import httpx

from app.stores import StoreUrl
from scripts.runbook.azure_identity import SECONDS, token
from scripts.runbook.errors import AzureRefused

RESOURCE = "https://storage.azure.com"
VERSION = "2023-11-03"


def mode(url: str, endpoint: str = "") -> str:
    """Return how the newest policy on a store's first blob stands: locked, unlocked, or "" where nothing is kept yet.

    `endpoint` replaces the account's public one. Raises AzureRefused when the store does not say.
    """
    # Only here: no other site's agent shall carry the library.
    import xml.etree.ElementTree as ElementTree  # nosec B405  (the provider's own answer, over TLS)

    account, container = StoreUrl.parse(url).names
    asked = {"restype": "container", "comp": "list", "include": "immutabilitypolicy", "maxresults": "1"}
    place = f"{endpoint or f'https://{account}.blob.core.windows.net'}/{container}"
    try:
        held = {"Authorization": f"Bearer {token(RESOURCE)}", "x-ms-version": VERSION}
        answer = httpx.get(place, params=asked, headers=held, timeout=SECONDS).raise_for_status()
        found = ElementTree.fromstring(answer.content).find(".//ImmutabilityPolicyMode")  # noqa: S314  # nosec B314
    except (httpx.HTTPError, KeyError, ElementTree.ParseError) as reason:
        raise AzureRefused(f"{place} does not say how its retention stands: {reason}") from reason
    return (found.text or "").lower() if found is not None else ""
