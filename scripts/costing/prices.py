"""The price file: one line a meter and region, each with its source and the day it was read, or "not known"."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

from scripts.runbook.errors import UsageError

FILE = Path(__file__).with_name("prices.json")
NOT_KNOWN = "not known"
ANYWHERE = "any"
CURRENCY = "USD"


class BadPrices(UsageError):
    """The price file is not what it must be; the message has one line for each fault."""


@dataclass(frozen=True)
class Price:
    """What one unit of a meter costs in a region, or that it is not known; `ask` is how the provider's API is asked."""

    meter: str
    unit: str
    region: str
    price: str
    source: str
    read: str
    ask: Mapping[str, Any] | None = None

    @property
    def amount(self) -> Decimal | None:
        return None if self.price == NOT_KNOWN else Decimal(self.price)


def read_prices(file: Path = FILE) -> tuple[Price, ...]:
    """Read a price file. Raises BadPrices with every fault at once."""
    try:
        lines = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise BadPrices(f"{file} cannot be read: {error}.") from error
    if not isinstance(lines, list):
        raise BadPrices(f"{file} is no list of prices.")
    faults = [f"{file.name}, price {number}: {fault}" for number, one in enumerate(lines, 1) for fault in _faults(one)]
    if faults:
        raise BadPrices("\n".join(faults))
    return tuple(Price(**one) for one in lines)


def _faults(one: Any) -> list[str]:
    if not isinstance(one, dict):
        return ["it is no table."]
    known = {field.name for field in fields(Price)}
    faults = [f"{name} is missing." for name in sorted(known - {"ask"} - one.keys())]
    faults += [f"there is no key {name!r}." for name in sorted(one.keys() - known)]
    texts = [name for name in known - {"ask"} if name in one]
    faults += [
        f"{name} is empty or no text." for name in sorted(texts) if not isinstance(one[name], str) or not one[name]
    ]
    if not _is_price(one.get("price", NOT_KNOWN)):
        faults.append(f"the price {one['price']!r} is neither a number in quotes nor {NOT_KNOWN!r}.")
    if not _is_day(one.get("read", "2026-01-01")):
        faults.append(f"{one['read']!r} is no day (write it as 2026-01-31).")
    return faults


def _is_price(value: Any) -> bool:
    try:
        return value == NOT_KNOWN or (Decimal(str(value)).is_finite() and Decimal(str(value)) >= 0)
    except InvalidOperation:
        return False


def _is_day(value: Any) -> bool:
    try:
        return bool(date.fromisoformat(str(value)))
    except ValueError:
        return False


def write_prices(prices: Iterable[Price], file: Path) -> None:
    """Write a price file in the order of meters. Raises BadPrices where that is not allowed."""
    ordered = sorted(prices, key=lambda one: (one.meter, one.region))
    lines = [{name: value for name, value in asdict(one).items() if value is not None} for one in ordered]
    try:
        file.write_text(json.dumps(lines, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise BadPrices(f"{file} cannot be written: {error.strerror}.") from error


def find_price(prices: Iterable[Price], meter: str, region: str) -> Price | None:
    """Return the line of a meter for a region, or for any; a known price goes before one that is not."""
    fitting = [one for one in prices if one.meter == meter and one.region in (region, ANYWHERE)]
    return min(fitting, key=lambda one: (one.amount is None, one.region == ANYWHERE), default=None)
