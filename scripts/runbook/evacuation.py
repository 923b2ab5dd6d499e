"""What still depends on a site that is to be left: verified facts only, each with what ends the dependence."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.runbook.inventory import Entry
from scripts.runbook.media import list_bucket, open_buckets
from scripts.runbook.plan import Facts
from scripts.runbook.sites import Platform


@dataclass(frozen=True)
class Item:
    """One thing that a site may be needed for. remains: yes, no, or None where nobody could find out."""

    what: str
    remains: bool | None
    fact: str
    remedy: str = ""


def roles(facts: Facts, site: str) -> list[Item]:
    """Return whether a site is primary, counts in the rule, or is followed, by the register and the sites' own words."""
    record = facts.record
    if record is None:
        return [Item("role", None, "the register cannot be read")]
    counted = site in record.rule.sites or site in record.live
    followers = [name for name, said in facts.statuses.items() if said.following == site and facts.answers(name)]
    return [
        Item("role", record.holder == site, f"{record.holder} is primary at epoch {record.epoch}",
             "lifeboat switchover --to ANOTHER"),
        Item("rule", counted, f"acknowledged by {record.rule.to_json()}, live: {', '.join(record.live) or 'nobody'}",
             f"its standbys leave the rule when they stop: end {site}, or replace it by `lifeboat membership`"),
        Item("followers", bool(followers), f"followed by {', '.join(followers) or 'nobody'}",
             "a switchover takes the followers along"),
    ]  # fmt: skip


def register(platform: Platform, site: str) -> Item:
    """Return whether one of the register's objects lies in the site's cloud."""
    stores = ", ".join(platform.register_urls)
    return Item(
        "register", site in platform.register_urls, f"its objects lie in {stores}", "lifeboat membership replace"
    )


def public_name(answer: Mapping[str, Any], url: str, site: str) -> Item:
    """Return whether the app's own address leads to the site, as seen from here."""
    if not answer:
        return Item("public name", None, f"{url} does not answer")
    return Item("public name", answer.get("site") == site, f"{url} is served by {answer.get('site')}",
                "the failover and the switchover move it")  # fmt: skip


async def journals(platform: Platform, site: str) -> Item:
    """Return whether a journal record lies in the site's ledger alone."""
    listed = await platform.ledger_stores().list("journal/")
    held = {name: set(keys) for name, keys in listed.values.items()}
    return _only_there("journal", held, listed.failures, site, "they are copied when a runbook goes on")


async def media(platform: Platform, site: str) -> Item:
    """Return whether a picture lies in the site's bucket alone."""
    held, failures = {}, {}
    for name, store in open_buckets(platform).items():
        try:
            held[name] = set(await list_bucket(store))
        except Exception as reason:  # every way a store can fail means the same here: nobody knows
            failures[name] = str(reason).splitlines()[0][:200]
    return _only_there("media", held, failures, site, "lifeboat media back-fill ANOTHER")


def listed(entries: Iterable[Entry], site: str) -> list[Item]:
    """Return what else stands with the site's owner by the reviewed inventory, and whether anybody else gives the same."""
    known = tuple(entries)
    owners = {entry.owner for entry in known if entry.site == site}
    items = []
    for kind in dict.fromkeys(entry.kind for entry in known if entry.owner in owners):
        vendors = [entry.vendor for entry in known if entry.kind == kind and entry.owner in owners]
        others = sorted({entry.owner for entry in known if entry.kind == kind and entry.vendor} - owners)
        fact = f"the inventory lists {', '.join(vendors)}; also given by {', '.join(others) or 'nobody else'}"
        remedy = next(entry.replaced_by for entry in known if entry.kind == kind and entry.owner in owners)
        items.append(Item(kind, not others, fact, remedy))
    return items


async def dependences(
    platform: Platform, facts: Facts, answer: Mapping[str, Any], inventory: Iterable[Entry], site: str
) -> list[Item]:
    """Return everything that may still depend on a site."""
    return [
        *roles(facts, site),
        public_name(answer, platform.outside_url, site),
        register(platform, site),
        await journals(platform, site),
        await media(platform, site),
        *listed(inventory, site),
    ]


def _only_there(
    what: str, held: Mapping[str, Collection[str]], failures: Mapping[str, str], site: str, remedy: str
) -> Item:
    """Compare what each store holds; a store that does not answer makes it unknown unless the others are enough."""
    if site not in held:
        return Item(what, None, f"{site} does not answer ({failures.get(site, 'no reason given')})")
    elsewhere = {key for name, keys in held.items() if name != site for key in keys}
    alone = set(held[site]) - elsewhere
    silent = f"; {', '.join(sorted(failures))} does not answer" if failures else ""
    counts = ", ".join(f"{name} {len(keys)}" for name, keys in sorted(held.items()))
    return Item(what, bool(alone), f"{len(alone)} objects are in {site} alone ({counts}{silent})", remedy)
