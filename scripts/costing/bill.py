"""What a site costs a month as far as prices are known, what is left out, and what a change would add."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from scripts.costing.meters import Use, measure
from scripts.costing.prices import CURRENCY, Price, find_price
from scripts.previewing.graph import Graph


@dataclass(frozen=True)
class Line:
    """One meter of one site: how much a month, and its price if that is known."""

    use: Use
    price: Price | None

    @property
    def cost(self) -> Decimal | None:
        """Money a month, unrounded; None where the price is not known."""
        amount = self.price.amount if self.price else None
        return None if amount is None else amount * Decimal(str(self.use.amount))


@dataclass(frozen=True)
class Bill:
    """All lines of one site."""

    cloud: str
    region: str
    lines: tuple[Line, ...]

    @property
    def known(self) -> Decimal:
        return sum((line.cost for line in self.lines if line.cost is not None), Decimal(0))

    @property
    def unknown(self) -> tuple[str, ...]:
        return tuple(line.use.meter for line in self.lines if line.cost is None)

    def sentence(self) -> str:
        """Say the sum, and how much is not in it."""
        left = f"; {len(self.unknown)} of {len(self.lines)} meters have no known price and are NOT in it"
        return f"{money(self.known)} a month known{left if self.unknown else ''}"


def make_bill(graph: Graph, prices: Iterable[Price]) -> Bill:
    """Put a price, where one is known, to everything that a site uses by standing there."""
    region, known = str(graph.outputs.get("region", "")), tuple(prices)
    lines = tuple(Line(use, find_price(known, use.meter, region)) for use in measure(graph).values())
    return Bill(graph.cloud, region, lines)


@dataclass(frozen=True)
class CostChange:
    """What a change does to one site's bill: money as far as it is known, and the meters that move without a price."""

    known: Decimal
    unknown: tuple[str, ...]

    def sentence(self) -> str:
        """Say it in one sentence; nothing changes, money changes, or it is not known what changes."""
        if not self.known and not self.unknown:
            return "no change"
        sign = "+" if self.known >= 0 else "-"
        told = [f"{sign}{money(abs(self.known))} a month known"] if self.known else []
        told += [f"not known: {', '.join(self.unknown)}"] if self.unknown else []
        return "; ".join(told)


def compare_bills(before: Bill | None, after: Bill) -> CostChange:
    """Return what leads from one bill to another; none before means that the site is new."""
    old, new = _by_meter(before.lines if before else ()), _by_meter(after.lines)
    moved = [meter for meter in sorted(old.keys() | new.keys()) if _amount(old, meter) != _amount(new, meter)]
    priced = {meter: (new.get(meter) or old[meter]).price for meter in moved}
    amounts = {meter: price.amount if price else None for meter, price in priced.items()}
    steps = {meter: _amount(new, meter) - _amount(old, meter) for meter in moved}
    known = sum((amount * steps[meter] for meter, amount in amounts.items() if amount is not None), Decimal(0))
    return CostChange(known, tuple(_step(meter, steps[meter]) for meter in moved if amounts[meter] is None))


def _by_meter(lines: Sequence[Line]) -> Mapping[str, Line]:
    return {line.use.meter: line for line in lines}


def _amount(lines: Mapping[str, Line], meter: str) -> Decimal:
    return Decimal(str(lines[meter].use.amount)) if meter in lines else Decimal(0)


def _step(meter: str, amount: Decimal) -> str:
    return f"{meter} {'+' if amount > 0 else ''}{amount.normalize():f}"


def money(amount: Decimal) -> str:
    """Write an amount of money for a person, to the cent."""
    return f"{amount.quantize(Decimal('0.01')):,} {CURRENCY}"
