"""One Azure subscription on loopback, as far as `lifeboat acts` and the agent's look at a ledger go.

It holds to what Microsoft's pages say: a locked policy takes no other state and no shorter time, a list comes in pages, a
restart is accepted and done later.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.runbook.acme_double import Server

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/lifeboat/providers"
DATABASE = f"{GROUP}/Microsoft.DBforPostgreSQL/flexibleServers/lifeboat-db"
ENVIRONMENT = f"{GROUP}/Microsoft.App/managedEnvironments/lifeboat-apps"
LINKS = f"{ENVIRONMENT}/privateEndpointConnections"
STORES = f"{GROUP}/Microsoft.Storage/storageAccounts"
EDGE = f"{GROUP}/Microsoft.Cdn/profiles/lifeboat/afdEndpoints/lifeboat"
TAGS = {"lifeboat-site": "azure"}


class Subscription(Server):
    """`retained` is the policy of each store, `links` the state of each private link, `restarts` how often it was asked for one."""

    TOKEN, HEADER = "token-for-everything", "header-of-this-container"

    def __init__(self) -> None:
        super().__init__()
        self.retained = {name: _policy(days) for name, days in (("lbledger", 35), ("lbaudit", 365))}
        self.links = {"edge-1": "Pending", "edge-2": "Approved"}
        self.restarts = 0
        self.servers = [{"id": DATABASE, "name": "lifeboat-db", "tags": TAGS}, {"id": "/elsewhere", "name": "x"}]
        self.deaf = False
        self.holds = True
        self.asked: list[str] = []
        self.forgotten: list[tuple[list[str], list[str]]] = []

    def answer(self, path: str, body: bytes, told: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        lowered = {name.lower(): value for name, value in told.items()}
        place, query = urlsplit(path).path, parse_qs(urlsplit(path).query)
        if place == "/identity":
            self.asked.append(query["resource"][0])
            return 200, {}, json.dumps({"access_token": self.TOKEN}).encode()
        if lowered.get("authorization") != f"Bearer {self.TOKEN}":
            return 401, {}, b'{"error": {"code": "InvalidAuthenticationToken"}}'
        if place == "/ledger":
            return 200, {}, self._blobs(query)
        status, said = self._manage(lowered[":method"], place, query, json.loads(body or b"{}"))
        return status, {}, json.dumps(said).encode() if said is not None else b""

    def _manage(self, method: str, place: str, query: Mapping[str, list[str]], body: Any) -> tuple[int, Any]:
        assert query["api-version"]
        if place == f"/subscriptions/{SUBSCRIPTION}/resources":
            return 200, self._listed(query)
        if (method, place) == ("POST", f"{DATABASE}/restart"):
            self.restarts += 1
            return 202, None
        if (method, place) == ("POST", f"{EDGE}/purge"):
            self.forgotten.append((body["domains"], body["contentPaths"]))
            return 202, None
        if place.startswith(STORES):
            return self._store(method, place.rpartition("/")[2], body)
        if place == LINKS:
            return 200, {"value": [self._link(name) for name in self.links]}
        if method == "PUT" and place.startswith(LINKS) and not self.deaf:
            self.links[place.rpartition("/")[2]] = body["properties"]["privateLinkServiceConnectionState"]["status"]
        return (200, self._link(place.rpartition("/")[2])) if place.startswith(LINKS) else (404, {"error": {}})

    def _listed(self, query: Mapping[str, list[str]]) -> dict[str, Any]:
        """Give one entry a page."""
        kind = query["$filter"][0].split("'")[1]
        every = {
            "Microsoft.DBforPostgreSQL/flexibleServers": self.servers,
            "Microsoft.Cdn/profiles/afdEndpoints": [{"id": EDGE, "name": "lifeboat", "tags": TAGS}],
            "Microsoft.App/managedEnvironments": [{"id": ENVIRONMENT, "name": "lifeboat-apps", "tags": TAGS}],
            "Microsoft.Storage/storageAccounts": [{"id": f"{STORES}/{name}", "name": name} for name in self.retained],
        }[kind]
        page = int(query.get("page", ["0"])[0])
        following = f"{self.url}/subscriptions/{SUBSCRIPTION}/resources?api-version=x&page={page + 1}&$filter=resourceType eq '{kind}'"
        return {"value": every[page : page + 1], **({"nextLink": following} if page + 1 < len(every) else {})}

    def _store(self, method: str, name: str, body: Any) -> tuple[int, Any]:
        policy = self.retained[name]
        if method == "PATCH" and not self.deaf:
            wanted = body["properties"]["immutableStorageWithVersioning"]["immutabilityPolicy"]
            shorter = wanted["immutabilityPeriodSinceCreationInDays"] < policy["immutabilityPeriodSinceCreationInDays"]
            if policy["state"] == "Locked" and (wanted["state"] != "Locked" or shorter):
                return 409, {"error": {"code": "AccountImmutabilityPolicyLocked"}}
            policy |= wanted
        kept = {"enabled": True, "immutabilityPolicy": policy} if policy else None
        return 200, {"id": f"{STORES}/{name}", "properties": {"immutableStorageWithVersioning": kept}}

    def _link(self, name: str) -> dict[str, Any]:
        state = {"status": self.links[name]}
        return {"id": f"{LINKS}/{name}", "name": name, "properties": {"privateLinkServiceConnectionState": state}}

    def _blobs(self, query: Mapping[str, list[str]]) -> bytes:
        assert (query["comp"], query["include"]) == (["list"], ["immutabilitypolicy"])
        mode = self.retained["lbledger"]["state"].lower()
        blob = f"<Blob><Name>journal/1</Name><Properties><ImmutabilityPolicyMode>{mode}</ImmutabilityPolicyMode></Properties></Blob>"
        return f"<EnumerationResults><Blobs>{blob if self.holds else ''}</Blobs></EnumerationResults>".encode()


def _policy(days: int) -> dict[str, Any]:
    return {
        "state": "Unlocked",
        "immutabilityPeriodSinceCreationInDays": days,
        "allowProtectedAppendWrites": days == 365,
    }
