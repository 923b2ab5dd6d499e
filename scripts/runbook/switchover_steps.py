"""The steps of a switchover: the primary is well and hands over; then the same steps as a failover, with nothing to lose.

`SWITCHOVER` at the end is the order itself. The old primary follows the new one at once, from a slot that is made
before the first new write, so nothing is copied.
"""

from typing import Any

import psycopg

from scripts.runbook import fence, replication, understudies
from scripts.runbook.errors import RegisterUnreachable, ReplicationStuck, SwitchoverStopped
from scripts.runbook.failover import FailoverRun
from scripts.runbook.join import agent_connection
from scripts.runbook.lease import release
from scripts.runbook.positions import format_lsn, parse_lsn
from scripts.runbook.runner import Step
from scripts.runbook.steps import FAILOVER

Evidence = dict[str, Any]

CATCH_UP_SECONDS = 20


def drain(run: FailoverRun) -> Evidence:
    """The primary lets the writes under way end and takes no more; the new one confirms the last of them."""
    if _handed_over(run):
        return {"already": True}
    with agent_connection(run.platform, run.plan.old) as old:
        end = fence.drain(old, run.plan.from_epoch)
        try:
            for site in (run.plan.new, *(site for site in run.plan.followers if site != run.plan.old)):
                _wait_until_confirmed(old, site, end)
        except ReplicationStuck as behind:
            fence.reopen(old, run.plan.from_epoch)
            raise SwitchoverStopped(run.plan.old, str(behind)) from behind
    return {"log_end": end}


def hand_over(run: FailoverRun) -> Evidence:
    """The primary releases the lease to the new one."""
    if _handed_over(run):
        return {"already": True}
    answer = run.wait_for(release(run.register, run.plan.old, run.plan.from_epoch, run.plan.new))
    if answer.kind != "released":
        with agent_connection(run.platform, run.plan.old) as old:
            fence.reopen(old, run.plan.from_epoch)
        if answer.kind == "unknown":
            raise RegisterUnreachable(run.platform.sites, dict(run.register.faults))
        raise SwitchoverStopped(run.plan.old, answer.reason)
    return {"candidate": run.plan.new}


def _handed_over(run: FailoverRun) -> bool:
    """Say whether an earlier start of this move got past the hand-over."""
    record = run.committed_record()
    if record is None:
        return False
    released = record.state == "released" and record.candidate == run.plan.new
    return released or record.epoch > run.plan.from_epoch


def _wait_until_confirmed(old: psycopg.Connection[Any], site: str, end: str) -> None:
    slot = replication.slot_name(site)
    replication.wait_until(
        lambda: understudies.slots(old)[slot].confirmed >= parse_lsn(end),
        f"{site} has not confirmed the last write, at {format_lsn(parse_lsn(end))}",
        CATCH_UP_SECONDS,
    )


SWITCHOVER = (*(Step(act.__name__, act) for act in (drain, hand_over)), *FAILOVER)
