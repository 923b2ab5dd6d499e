"""`lifeboat cost`: what each site costs a month in each capacity mode, as far as prices are known, and what is left out."""

import json
import os
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from scripts.console import Console
from scripts.costing.bill import Bill, make_bill, money
from scripts.costing.meters import BY_USE
from scripts.costing.prices import FILE, NOT_KNOWN, read_prices, write_prices
from scripts.costing.refresh import GOOGLE_KEY, PUBLIC, Endpoints, refresh
from scripts.previewing.graph import read_graph
from scripts.previewing.processes import run_json
from scripts.previewing.recordings import AT_ONCE, CLOUDS
from scripts.previewing.render_text import columns
from scripts.runbook.errors import PreviewRefused

ROOT = Path(__file__).parents[1]
MODES = ("standby", "warm", "full")
FORMATS = ("text", "json")


def command(
    context: typer.Context,
    cloud: Annotated[list[str] | None, typer.Option("--cloud", help="Only this cloud; may be given again.")] = None,
    mode: Annotated[
        list[str] | None, typer.Option("--mode", help="Only this capacity mode; may be given again.")
    ] = None,
    prices: Annotated[Path, typer.Option("--prices", help="The price file.")] = FILE,
    ask: Annotated[
        bool, typer.Option("--refresh", help="First ask the providers' price APIs, and write the file.")
    ] = False,
    form: Annotated[str, typer.Option("--format", help="text or json.")] = "text",
) -> None:
    """Print what each site costs to keep, in each capacity mode; needs no account, and no network without --refresh."""
    console: Console = context.obj
    check_choices(cloud or (), mode or (), form)
    if ask:
        ask_providers(prices, console)
    chosen = [(one, kind) for one in CLOUDS if one in (cloud or CLOUDS) for kind in MODES if kind in (mode or MODES)]
    bills = make_bills(ROOT, chosen, prices)
    if form == "json":
        console.print_json(as_json(bills))
    else:
        typer.echo(render(bills), nl=False)


def check_choices(clouds: Sequence[str], modes: Sequence[str], form: str) -> None:
    """Refuse every choice that does not exist, all of them at once."""
    asked: list[tuple[str, str, tuple[str, ...]]] = [("cloud", one, CLOUDS) for one in clouds]
    asked += [*(("capacity mode", one, MODES) for one in modes), ("format", form, FORMATS)]
    wrong = [
        f"There is no {kind} {one!r}: choose {', '.join(known)}." for kind, one, known in asked if one not in known
    ]
    if wrong:
        raise PreviewRefused("\n".join(wrong))


def ask_providers(file: Path, console: Console, where: Endpoints = PUBLIC) -> None:
    """Ask for each line, write what was answered, and say for every other why it stays as it was: once for each reason."""
    today = datetime.now(UTC).date()
    answers = refresh(read_prices(file), where, os.environ.get(GOOGLE_KEY, ""), today)
    write_prices((one.price for one in answers), file)
    for fault in dict.fromkeys(one.fault for one in answers if one.fault):
        kept = [f"{one.price.meter} ({one.price.price})" for one in answers if one.fault == fault]
        console.warn(f"{fault}; {', '.join(kept)} {'stays' if len(kept) == 1 else 'stay'} as before.")
    console.say(f"{sum(not one.fault for one in answers)} of {len(answers)} prices were read today.")


Bills = dict[tuple[str, str], Bill]


def make_bills(root: Path, chosen: Sequence[tuple[str, str]], file: Path) -> Bills:
    """Record each program in each mode and put prices to it. Raises PreviewRefused with every program that fails."""
    known = read_prices(file)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        answers = list(pool.map(lambda one: _record(root, *one), chosen))
    faults = [str(one) for one in answers if isinstance(one, PreviewRefused)]
    if faults:
        raise PreviewRefused("\n".join(faults))
    return {
        one: make_bill(read_graph(found, f"of {one[0]}"), known) for one, found in zip(chosen, answers, strict=True)
    }


def _record(root: Path, cloud: str, mode: str) -> Any:
    with tempfile.NamedTemporaryFile("w", suffix=".json") as settings:
        settings.write(json.dumps({"capacity": mode}))
        settings.flush()
        name = f"the program for {cloud} with capacity {mode}"
        try:
            return run_json(root, ["infra.record", cloud, "--settings", settings.name], name)
        except PreviewRefused as refusal:
            return refusal


def render(bills: Bills) -> str:
    """Return a sum for each site and mode, every meter with its price and source, and what depends on use."""
    blocks = [_sums(bills), *(_meters(bills, cloud) for cloud in dict.fromkeys(cloud for cloud, _ in bills))]
    blocks.append([f"By use, in no sum: {', '.join(BY_USE)}."])
    return "\n\n".join("\n".join(block) for block in blocks) + "\n"


def _sums(bills: Bills) -> list[str]:
    rows = [["site", "capacity", "a month, as far as known"]]
    rows += [[cloud, mode, bill.sentence()] for (cloud, mode), bill in bills.items()]
    return columns(rows)


def _meters(bills: Bills, cloud: str) -> list[str]:
    own = {mode: bill for (name, mode), bill in bills.items() if name == cloud}
    first = next(iter(own.values()))
    amounts = {mode: {line.use.meter: line.use.amount for line in bill.lines} for mode, bill in own.items()}
    rows = [["", *own, "unit", "price", "looked up", "source"]]
    for line in first.lines:
        used = [f"{amounts[mode].get(line.use.meter, 0):g}" for mode in own]
        told = (
            [line.price.price, line.price.read, line.price.source] if line.price else [NOT_KNOWN, "", "not in the file"]
        )
        rows.append([line.use.meter, *used, line.use.unit, *told])
    return [f"{cloud} ({first.region}), units a month:", *(f"  {row}" for row in columns(rows))]


def as_json(bills: Bills) -> dict[str, Any]:
    """Return the same as plain values; a cost that is not known is null."""
    return {
        "format": 1,
        "by_use": list(BY_USE),
        "sites": [
            {
                "cloud": cloud,
                "capacity": mode,
                "region": bill.region,
                "known": money(bill.known),
                "meters": [
                    {
                        "meter": line.use.meter,
                        "amount": line.use.amount,
                        "unit": line.use.unit,
                        "price": line.price.price if line.price else NOT_KNOWN,
                        "source": line.price.source if line.price else None,
                        "read": line.price.read if line.price else None,
                        "cost": None if line.cost is None else money(line.cost),
                    }
                    for line in bill.lines
                ],
            }
            for (cloud, mode), bill in bills.items()
        ],
    }
