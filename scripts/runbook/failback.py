"""Going back to the site that was primary before: which one that is, and whether it is ready to be it again."""

from scripts.runbook import ledger
from scripts.runbook.errors import CannotFailBack, RegisterUnreachable
from scripts.runbook.lease import LeaseRecord
from scripts.runbook.plan import Facts
from scripts.runbook.sites import Platform

# How far behind the old site may be before a drain would keep people waiting.
BEHIND_BYTES = 16 * 2**20


async def primary_before(platform: Platform, record: LeaseRecord) -> str:
    """Return who was primary before the present one, by the journal of the move. Raises CannotFailBack without one."""
    stores, name = platform.ledger_stores(), record.runbook_id or ""
    known = await ledger.runbooks(stores)
    if name in known:
        for step in (await ledger.read_copies(stores, platform.public_keys, name, known[name])).longest:
            if (step.step, step.outcome) == ("win_epoch", "done"):
                return step.evidence["from"]
    raise CannotFailBack(
        f"No ledger says who was primary before {record.holder} at epoch {record.epoch}: name the site with "
        "`lifeboat switchover --to SITE`."
    )


def check(facts: Facts, to: str) -> None:
    """Raise CannotFailBack, with the number or the command that it takes, unless `to` is a standby in step."""
    record = facts.record
    if record is None:
        raise RegisterUnreachable(tuple(facts.statuses))
    primary = record.holder
    if not facts.answers(to):
        raise CannotFailBack(
            f"{to} says nothing of itself: bring it back first, then let it follow with `lifeboat rejoin`."
        )
    if facts.statuses[to].following != primary:
        raise CannotFailBack(f"{to} does not follow {primary}: let it follow with `lifeboat rejoin {to}` first.")
    if not facts.answers(primary) or to not in facts.statuses[primary].slots:
        raise CannotFailBack(f"{primary} does not say how far {to} is: look at the agent of {primary}.")
    behind = facts.statuses[primary].log - facts.statuses[primary].slots[to].confirmed
    if behind > BEHIND_BYTES:
        raise CannotFailBack(f"{to} is {behind:,} bytes behind {primary}: wait until it is less than {BEHIND_BYTES:,}.")
    if to not in record.rule.sites:
        raise CannotFailBack(
            f"{to} does not count in the rule of {primary} yet: it does as soon as it has kept in step."
        )
