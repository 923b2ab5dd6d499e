"""Brings the bucket of a site that was away in step, before the site serves anything."""

from collections.abc import Callable

import psycopg

from app.stores import Store
from scripts.runbook import event_loop, media
from scripts.runbook.errors import LifeboatError
from scripts.runbook.join import agent_connection
from scripts.runbook.primary import find_primary
from scripts.runbook.sites import Platform
from scripts.runbook.takedown_replay import whole_ledger
from scripts.runbook.takedowns import Ledger

Say = Callable[[str], None]


def refill(platform: Platform, site: str, say: Say) -> int:
    """Remove what was taken down meanwhile, bring what rows name and the bucket lacks; return how many copies came.

    What cannot be done now is said in a sentence: the outbox and `lifeboat media back-fill` do it later. Nothing that no
    row names is copied, so nothing removed comes back with a bucket that missed its removal.
    """
    stores = media.open_buckets(platform)
    try:
        _remove_taken_down(event_loop.run(whole_ledger(platform, None)), stores[site], say)
        with agent_connection(platform, find_primary(platform)) as database:
            _, (bucket,) = event_loop.run(media.verify(database, {site: stores[site]}, 0))
    except (LifeboatError, psycopg.Error) as reason:
        why = str(reason).strip().splitlines()[0].rstrip(".")
        say(f"the bucket of {site} was not compared with the primary's rows ({why}): `lifeboat media back-fill {site}`")
        return 0
    filled = event_loop.run(media.back_fill(site, stores, {*bucket.missing, *bucket.on_the_way}, bucket.damaged))
    if filled.failed:
        say(f"{len(filled.failed)} pictures that {site} lacks could not be had: `lifeboat media verify` names them")
    return filled.copied


def _remove_taken_down(ledger: Ledger, bucket: Store, say: Say) -> None:
    left = event_loop.run(media.remove_taken_down(bucket, ledger))
    if left:
        say(f"{len(left)} pictures that were taken down could not be removed: `lifeboat takedown verify` names them")
