"""`lifeboat local seed`: fill the three local sites with a believable community, through the real replication."""

from typing import Annotated

import psycopg
import typer

from app.stores import open_store
from scripts.console import Console
from scripts.embedded.seeding import filling
from scripts.embedded.seeding.filling import Filled
from scripts.embedded.seeding.people import Community
from scripts.runbook import sites
from scripts.runbook.errors import SeedingStopped
from scripts.runbook.primary import find_primary
from scripts.runbook.sites import Platform


def command(
    context: typer.Context,
    users: Annotated[int, typer.Option("--users", min=2, max=1_000_000, help="How many people.")] = 1000,
    posts: Annotated[
        int, typer.Option("--posts", min=1, max=10_000_000, help="How many posts, answers included.")
    ] = 100_000,
    seed: Annotated[
        int, typer.Option("--seed", min=0, max=2**32, help="The same number gives the same community.")
    ] = 1,
) -> None:
    """Fill the sites with people, follows, threads, pictures, boosts and favourites; run again, it goes on where it was."""
    console: Console = context.obj
    platform = sites.load(console.folder)
    community = Community(users, posts, seed)
    with console.progress("drawing pictures") as progress:
        primary, database = _primarys_database(platform)
        buckets = [open_store(one.media_url, platform.credentials()) for one in platform.outputs.values()]
        with database:
            filled = filling.fill(database, buckets, community, progress)
    console.tell(_summary(primary, community, filled))


def _primarys_database(platform: Platform) -> tuple[str, psycopg.Connection]:
    """Open the primary's database in the app's role."""
    primary = find_primary(platform)
    try:
        return primary, psycopg.connect(platform.app_database_url(primary), autocommit=True, connect_timeout=3)
    except psycopg.OperationalError as reason:
        raise SeedingStopped(f"the database of {primary} does not answer") from reason


def _summary(primary: str, community: Community, filled: Filled) -> str:
    before = f"{filled.there_before:,} posts were there already, so it went on: " if filled.there_before else ""
    if not filled.written:
        return f"All {community.posts:,} posts of this community are there already: nothing was written."
    then = "; ".join(f"{site} had everything {seconds:.1f} s later" for site, seconds in filled.caught_up.items())
    return (
        f"{before}{filled.written:,} posts of {community.users:,} people went to {primary} in {filled.seconds:.1f} s "
        f"({filled.posts_per_second:,.0f} posts a second); {then or 'nobody follows'}. Everybody's password is "
        f"{filling.PASSWORD!r}; the first is {community.username(0)}@{community.label}."
    )
