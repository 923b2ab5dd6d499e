"""Asks the providers' price APIs for the lines that say how, and leaves every line as it was where the answer is not one price.

Protocols: the Azure Retail Prices API (learn.microsoft.com/rest/api/cost-management/retail-prices/azure-retail-prices), the
AWS Price List Bulk API's files (docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/using-the-aws-price-list-bulk-api.html)
and the Cloud Billing Catalog API (cloud.google.com/billing/v1/how-tos/catalog-api), which needs an API key. Written from
those pages; never tried against the services themselves.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

import httpx

from scripts.costing.prices import CURRENCY, Price
from scripts.runbook.errors import LifeboatError

PATIENCE = httpx.Timeout(60.0, connect=10.0)
"""Seconds for each piece of an answer; who is there at all takes a connection sooner."""
LARGEST_MIB = 100.0
"""A list of AWS may be larger: that of EC2 has 400 MiB for one region, which as Python objects fills a laptop's memory."""
GOOGLE_KEY = "GOOGLE_API_KEY"


class NoPrice(LifeboatError):
    """A price API did not answer, or its answer is not one price; the line in the file stays as it was."""


class Silent(NoPrice):
    """A price API cannot be reached, so it is asked for nothing more."""


@dataclass(frozen=True)
class Endpoints:
    """Where the price APIs are."""

    aws: str = "https://pricing.us-east-1.amazonaws.com"
    gcp: str = "https://cloudbilling.googleapis.com"
    azure: str = "https://prices.azure.com"


PUBLIC = Endpoints()


@dataclass(frozen=True)
class Answer:
    """What became of one line: the line, new or as it was, and why it is not new."""

    price: Price
    fault: str = ""


def refresh(prices: tuple[Price, ...], where: Endpoints, google_key: str, today: date) -> tuple[Answer, ...]:
    """Ask for every line that says how; the others come back as they were, with the reason."""
    with httpx.Client(timeout=PATIENCE, follow_redirects=True) as client:
        desk = _Desk(client, where, google_key)
        return tuple(_ask(one, desk, today) for one in prices)


def _ask(one: Price, desk: "_Desk", today: date) -> Answer:
    if one.ask is None:
        return Answer(one, f"no price API is asked for it: read {one.source}")
    try:
        found = {"aws": desk.aws, "gcp": desk.gcp, "azure": desk.azure}[one.ask["api"]](one)
    except (NoPrice, KeyError) as error:
        return Answer(one, str(error))
    amount, source = found
    return Answer(replace(one, price=f"{amount.normalize():f}", source=source, read=today.isoformat()))


Found = tuple[Decimal, str]


class _Desk:
    """Asks, and keeps what it has read, and who is silent: one file of AWS answers several lines."""

    def __init__(self, client: httpx.Client, where: Endpoints, google_key: str) -> None:
        self.client, self.where, self.google_key = client, where, google_key
        self.read: dict[str, Any] = {}
        self.silent: dict[str, Silent] = {}

    def azure(self, one: Price) -> Found:
        wanted = {**dict(one.ask["where"] if one.ask else {}), "armRegionName": one.region, "priceType": "Consumption"}
        query = " and ".join(f"{name} eq '{value}'" for name, value in wanted.items())
        url = f"{self.where.azure}/api/retail/prices"
        items = self._get(url, {"$filter": query, "currencyCode": CURRENCY}).get("Items", [])
        plain = [item for item in items if not item.get("tierMinimumUnits")]
        return _one(one, [(str(item["retailPrice"]), str(item["unitOfMeasure"])) for item in plain]), url

    def aws(self, one: Price) -> Found:
        ask = one.ask or {}
        region = "us-east-1" if one.region == "any" else one.region
        url = f"{self.where.aws}/offers/v1.0/aws/{ask['service']}/current/{region}/index.json"
        offer = self._get(url, {})
        skus = [sku for sku, product in offer.get("products", {}).items() if _is_wanted(product, ask["where"])]
        terms = offer.get("terms", {}).get("OnDemand", {})
        return _one(one, [found for sku in skus for found in _dimensions(terms.get(sku, {}))]), url

    def gcp(self, one: Price) -> Found:
        if not self.google_key:
            raise NoPrice(f"the Cloud Billing Catalog API needs a key: set {GOOGLE_KEY}")
        ask = one.ask or {}
        services = self._pages(f"{self.where.gcp}/v1/services", "services")
        named = next((found["name"] for found in services if found.get("displayName") == ask["service"]), None)
        if named is None:
            raise NoPrice(f"the catalog has no service {ask['service']!r}")
        url = f"{self.where.gcp}/v1/{named}/skus"
        skus = [sku for sku in self._pages(url, "skus") if _is_sold(sku, ask["words"], one.region)]
        return _one(one, [rate for sku in skus for rate in _rates(sku)]), url

    def _pages(self, url: str, name: str) -> list[dict[str, Any]]:
        found, token = [], ""
        while True:
            page = self._get(url, {"key": self.google_key, "currencyCode": CURRENCY, "pageToken": token})
            found += page.get(name, [])
            token = page.get("nextPageToken", "")
            if not token:
                return found

    def _get(self, url: str, query: Mapping[str, str]) -> dict[str, Any]:
        name, host = f"{url}?{sorted(query.items())}", httpx.URL(url).netloc.decode()
        if host in self.silent:
            raise self.silent[host]
        try:
            if name not in self.read:
                self.read[name] = _fetch(self.client, url, query)
        except Silent as silent:
            self.silent[host] = silent
            raise
        return self.read[name]


def _fetch(client: httpx.Client, url: str, query: Mapping[str, str]) -> dict[str, Any]:
    try:
        with client.stream("GET", url, params=dict(query)) as answer:
            answer.raise_for_status()
            found = json.loads(_body(answer, url))
    except httpx.HTTPStatusError as error:
        raise NoPrice(f"{url} answers {error.response.status_code}") from error
    except httpx.TransportError as error:
        raise Silent(f"{httpx.URL(url).netloc.decode()} cannot be reached ({type(error).__name__})") from error
    except (httpx.HTTPError, ValueError) as error:
        raise NoPrice(f"{url} does not answer with JSON ({type(error).__name__})") from error
    if not isinstance(found, dict):
        raise NoPrice(f"{url} answers with something else than a table")
    return found


def _body(answer: httpx.Response, url: str) -> bytes:
    found = bytearray()
    for piece in answer.iter_bytes():
        found += piece
        if len(found) > LARGEST_MIB * 2**20:
            raise NoPrice(f"{url} holds more than {LARGEST_MIB:g} MiB, so look the price up by hand")
    return bytes(found)


UNITS: Mapping[str, tuple[str, ...]] = {
    "hour": ("1 hour", "hrs", "hr", "h", "hours"),
    "CPU hour": ("hours", "hrs", "h", "1 hour"),
    "GiB hour": ("gb-hours", "giby.h", "hours", "1 gb hour"),
    "GiB and month": ("gb-mo", "giby.mo", "1 gb/month", "1 gib/month"),
}
"""How each provider spells a unit; a meter counted by the piece and month takes the words for a month or none."""


def _one(one: Price, found: list[tuple[str, str]]) -> Decimal:
    """Return the price if every entry agrees on one; anything else is not known."""
    amounts = {Decimal(amount) for amount, _ in found if Decimal(amount) > 0}
    if len(amounts) != 1:
        raise NoPrice(f"the API knows {len(amounts)} prices for it, not one")
    units = {unit.lower() for _, unit in found}
    if one.unit in UNITS and not units <= set(UNITS[one.unit]):
        raise NoPrice(f"the API counts it in {', '.join(sorted(units))}, not by the {one.unit}")
    return amounts.pop()


def _is_wanted(product: Mapping[str, Any], where: Mapping[str, str]) -> bool:
    told = {**product.get("attributes", {}), "productFamily": product.get("productFamily")}
    return all(told.get(name) == value for name, value in where.items())


def _dimensions(terms: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for term in terms.values():
        for dimension in term.get("priceDimensions", {}).values():
            if dimension.get("beginRange", "0") == "0" and CURRENCY in dimension.get("pricePerUnit", {}):
                yield dimension["pricePerUnit"][CURRENCY], dimension.get("unit", "")


def _is_sold(sku: Mapping[str, Any], words: str, region: str) -> bool:
    regions = sku.get("serviceRegions", [])
    return words in sku.get("description", "") and (region in regions or "global" in regions)


def _rates(sku: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for info in sku.get("pricingInfo", [])[-1:]:
        expression = info.get("pricingExpression", {})
        for rate in expression.get("tieredRates", []):
            price = rate.get("unitPrice", {})
            amount = Decimal(price.get("units", 0) or 0) + Decimal(price.get("nanos", 0)) / Decimal(10**9)
            yield str(amount), str(expression.get("usageUnit", ""))
