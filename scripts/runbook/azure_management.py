"""Azure's management API, as far as the acts go that no resource of a stack is: restart, lock, approve, forget.

Calls, below learn.microsoft.com/rest/api/: resources/resources/list; postgresql/servers/restart; storagerp/storage-accounts
(get-properties, update); resource-manager/containerapps/managed-environment-private-endpoint-connections (list,
create-or-update); frontdoor/azurefrontdoorstandardpremium/afd-endpoints/purge-content. Each act looks first, acts, and looks
again, so that it may be killed and run again; whether an edge forgot is asked of the edge itself.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from scripts.runbook.azure_identity import SECONDS, token
from scripts.runbook.errors import AzureRefused

URL = "https://management.azure.com"
SERVER, STORES = "Microsoft.DBforPostgreSQL/flexibleServers", "Microsoft.Storage/storageAccounts"
ENVIRONMENT = "Microsoft.App/managedEnvironments"
EDGE = "Microsoft.Cdn/profiles/afdEndpoints"
VERSIONS = {EDGE: "2025-06-01", SERVER: "2025-08-01", STORES: "2024-01-01", ENVIRONMENT: "2025-07-01"}
LIST_VERSION = "2021-04-01"
APPROVED, PENDING, LOCKED = "Approved", "Pending", "Locked"


@dataclass(frozen=True)
class Management:
    """One subscription as its operator may change it."""

    subscription: str
    url: str = URL

    def restart(self, site: str) -> None:
        """Restart the site's one database server; it takes no writes for about a minute. Raises AzureRefused."""
        found = list(self._of_site(site, SERVER))
        if len(found) != 1:
            raise AzureRefused(
                f"The subscription has {len(found)} database servers tagged lifeboat-site={site}, not one."
            )
        self._ask("POST", f"{found[0]}/restart", SERVER, {"restartWithFailover": False})

    def retention(self, account: str) -> str:
        """Return how the retention of a store stands: Unlocked, Locked, or "" where it has none."""
        return str(_policy(self._ask("GET", self._account(account), STORES)).get("state", ""))

    def lock(self, account: str) -> None:
        """Lock the retention of a store for good, and see it locked. Raises AzureRefused."""
        path = self._account(account)
        policy = _policy(self._ask("GET", path, STORES))
        if not policy:
            raise AzureRefused(f"The store {account} has no retention that could be locked; `pulumi up` gives it one.")
        if policy.get("state") == LOCKED:
            return
        kept = {"enabled": True, "immutabilityPolicy": {**policy, "state": LOCKED}}
        self._ask("PATCH", path, STORES, {"properties": {"immutableStorageWithVersioning": kept}})
        if (now := self.retention(account)) != LOCKED:
            raise AzureRefused(f"The store {account} took the lock and says {now or 'nothing'} of its retention.")

    def waiting_links(self, site: str) -> tuple[str, ...]:
        """Return the private links to the site's processes that wait for somebody's word, by their full names."""
        return tuple(str(one["id"]) for one in self._links(site) if _state(one) == PENDING)

    def approve(self, site: str) -> None:
        """Approve every private link that waits, and see none waiting. Raises AzureRefused."""
        word = {"status": APPROVED, "description": "the site's own edge"}
        for link in self.waiting_links(site):
            self._ask("PUT", link, ENVIRONMENT, {"properties": {"privateLinkServiceConnectionState": word}})
        if left := self.waiting_links(site):
            raise AzureRefused(
                f"{len(left)} private links still wait after they were approved; look again in a minute."
            )

    def forget(self, site: str, name: str, paths: Sequence[str]) -> None:
        """Have the site's edge forget some paths of a host name; it does so within minutes. Raises AzureRefused."""
        endpoints = list(self._of_site(site, EDGE))
        if not endpoints:
            raise AzureRefused(f"The subscription has no edge tagged lifeboat-site={site}.")
        for endpoint in endpoints:
            self._ask("POST", f"{endpoint}/purge", EDGE, {"contentPaths": list(paths), "domains": [name]})

    def _links(self, site: str) -> Iterator[dict[str, Any]]:
        for environment in self._of_site(site, ENVIRONMENT):
            yield from self._pages(f"{environment}/privateEndpointConnections", VERSIONS[ENVIRONMENT])

    def _account(self, name: str) -> str:
        found = [str(one["id"]) for one in self._of_kind(STORES) if one.get("name") == name]
        if not found:
            raise AzureRefused(f"The subscription {self.subscription} has no store {name}; is `az` in another one?")
        return found[0]

    def _of_site(self, site: str, kind: str) -> Iterator[str]:
        return (str(one["id"]) for one in self._of_kind(kind) if (one.get("tags") or {}).get("lifeboat-site") == site)

    def _of_kind(self, kind: str) -> Iterator[dict[str, Any]]:
        place = f"/subscriptions/{self.subscription}/resources"
        return self._pages(place, LIST_VERSION, {"$filter": f"resourceType eq '{kind}'"})

    def _pages(self, path: str, version: str, query: dict[str, str] | None = None) -> Iterator[dict[str, Any]]:
        found = self._send("GET", f"{self.url}{path}", params={"api-version": version, **(query or {})})
        yield from found.get("value", [])
        while following := found.get("nextLink"):
            found = self._send("GET", following)
            yield from found.get("value", [])

    def _ask(self, method: str, path: str, kind: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return self._send(method, f"{self.url}{path}", params={"api-version": VERSIONS[kind]}, json=body)

    def _send(self, method: str, url: str, **more: Any) -> dict[str, Any]:
        if not url.startswith(f"{self.url}/"):
            raise AzureRefused(f"Azure's answer goes on at {url}, which is not {self.url}: no token is sent there.")
        try:
            held = {"Authorization": f"Bearer {token(self.url)}"}
            answer = httpx.request(method, url, headers=held, timeout=SECONDS, **more)
        except (httpx.HTTPError, KeyError) as reason:
            raise AzureRefused(f"Azure cannot be asked: {type(reason).__name__} {reason}") from reason
        if not answer.is_success:
            raise AzureRefused(f"Azure answered {answer.status_code} to {method} {url}: {answer.text[:300]}")
        return answer.json() if answer.content else {}


def _policy(account: dict[str, Any]) -> dict[str, Any]:
    kept = account.get("properties", {}).get("immutableStorageWithVersioning") or {}
    return kept.get("immutabilityPolicy") or {}


def _state(link: dict[str, Any]) -> str:
    return str(link.get("properties", {}).get("privateLinkServiceConnectionState", {}).get("status", ""))
