"""`lifeboat membership ...`: which stores hold the register, taking one back, replacing one for good."""

from typing import Annotated

import typer
from rich.table import Table

from scripts.console import Console, two_columns
from scripts.runbook import event_loop, membership, sites
from scripts.runbook.ballots import AcceptorState
from scripts.runbook.errors import StoreUnavailable, UsageError
from scripts.runbook.registers import open_acceptors
from scripts.runbook.sites import Platform

app = typer.Typer(no_args_is_help=True, help="Say which stores hold the register of who is primary.")

Yes = Annotated[bool, typer.Option("--yes", help="Act. Without it the plan is shown and nothing changes.")]


@app.command()
def show(context: typer.Context) -> None:
    """Show each store's configuration and votes, and what is wrong with the one that gives none."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    votes = event_loop.run(_votes(platform))
    table = Table("store", "configuration", "promised", "accepted", "state", title_justify="left")
    for name, vote in votes.items():
        table.add_row(name, *_words(vote))
    console.show(table)


@app.command()
def readmit(context: typer.Context, store: str, yes: Yes = False) -> None:
    """Let a store that was wiped, made anew or rolled back vote again, from what the others hold."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    _known(platform, store)
    _show_plan(console, platform, {"comes back": store, "with": platform.register_urls[store]})
    if not yes:
        console.tell("Nothing was changed. Add --yes to act.")
        return
    config = event_loop.run(_take_back(platform, store))
    console.tell(f"{store} votes again: the register is of configuration {config}.")


@app.command()
def replace(
    context: typer.Context,
    store: Annotated[str, typer.Argument(help="The store that is gone for good.")],
    url: Annotated[str, typer.Option("--url", help="The new store: s3://..., gs://... or az://...")],
    name: Annotated[str | None, typer.Option("--name", help="What to call it; the old one's name by default.")] = None,
    yes: Yes = False,
) -> None:
    """Let another store hold the register instead of one whose provider is gone for good."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    _known(platform, store)
    name = name or store
    if url in platform.register_urls.values() or (name != store and name in platform.register_urls):
        raise UsageError(f"{name} ({url}) holds the register already: a store counts once.")
    _show_plan(console, platform, {"leaves for good": store, "comes": f"{name}: {url}"})
    if not yes:
        console.tell("Nothing was changed. Add --yes to act.")
        return
    urls = event_loop.run(membership.replace_store(platform, store, name, url))
    sites.note_register_urls(platform.folder, urls)
    console.tell(
        f"{name} holds the register instead of {store}. Give every other machine this folder's platform.json: "
        "until it has it, its agent stops at the next look and says so."
    )


async def _take_back(platform: Platform, store: str) -> int:
    config = await membership.set_store_aside(platform, store)
    await membership.readmit_store(platform, store, config)
    return config


def _known(platform: Platform, store: str) -> None:
    if store not in platform.register_urls:
        raise UsageError(f"No store {store} holds the register; {', '.join(platform.register_urls)} do.")


def _show_plan(console: Console, platform: Platform, rows: dict[str, object]) -> None:
    leaving = rows.get("leaves for good", rows.get("comes back"))
    stay = [name for name in platform.register_urls if name != leaving]
    console.show(two_columns("Plan", {**rows, "must all answer": ", ".join(stay)}))


async def _votes(platform: Platform) -> dict[str, AcceptorState | StoreUnavailable]:
    votes: dict[str, AcceptorState | StoreUnavailable] = {}
    for name, acceptor in open_acceptors(platform).items():
        try:
            votes[name] = (await acceptor.read())[0]
        except StoreUnavailable as missing:
            votes[name] = missing
    return votes


def _words(vote: AcceptorState | StoreUnavailable) -> tuple[str, str, str, str]:
    if isinstance(vote, StoreUnavailable):
        return ("", "", "", f"counts for nothing: {vote}")
    return (str(vote.config), str(vote.promised.number), str(vote.accepted.number), f"epoch {vote.value.get('epoch')}")
