"""Brings the bucket of a site that was away in step, before the site serves anything."""

import asyncio
from collections.abc import Callable

import psycopg

from scripts.runbook import media, takedowns
from scripts.runbook.errors import LifeboatError
from scripts.runbook.join import agent_connection
from scripts.runbook.primary import find_primary
from scripts.runbook.sites import Platform

Say = Callable[[str], None]


def refill(platform: Platform, site: str, say: Say) -> int:
    """Remove what was taken down meanwhile, bring what rows name and the bucket lacks; return how many copies came.

    What cannot be done now is said in a sentence: the outbox and `lifeboat media back-fill` do it later. Nothing that no
    row names is copied, so nothing removed comes back with a bucket that missed its removal.
    """
    try:
        _remove_taken_down(platform, site, say)
        primary = find_primary(platform)
        with agent_connection(platform, primary) as database:
            stores = media.open_buckets(platform)
            _, (bucket,) = asyncio.run(media.verify(database, {site: stores[site]}, 0))
    except (LifeboatError, psycopg.Error) as reason:
        why = str(reason).strip().splitlines()[0].rstrip(".")
        say(f"the bucket of {site} was not compared with the primary's rows ({why}): `lifeboat media back-fill {site}`")
        return 0
    filled = asyncio.run(media.back_fill(site, stores, {*bucket.missing, *bucket.on_the_way}, bucket.damaged))
    if filled.failed:
        say(f"{len(filled.failed)} pictures that {site} lacks could not be had: `lifeboat media verify` names them")
    return filled.copied


def _remove_taken_down(platform: Platform, site: str, say: Say) -> None:
    ledger = asyncio.run(takedowns.read(platform.ledger_stores(), platform.public_keys))
    left = asyncio.run(media.remove_taken_down(media.open_buckets(platform, [site])[site], ledger))
    if left:
        say(f"{len(left)} pictures that were taken down could not be removed at {site}: `lifeboat takedown verify`")
