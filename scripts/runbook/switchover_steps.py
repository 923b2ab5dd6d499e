"""The steps of a switchover: the primary is well and hands over; then the same steps as a failover, with nothing to lose.

`HAND_OVER` is what the old primary's agent does, `SWITCHOVER` what the new one's does; both rest on the same request. The
old primary follows the new one at once, from a slot that is made before the first new write, so nothing is copied.
"""

import time
from typing import Any

import psycopg

from scripts.runbook import answers, fence, replication, understudies
from scripts.runbook.errors import RegisterUnreachable, ReplicationStuck, StepTimedOut, SwitchoverStopped
from scripts.runbook.failover import POLL_SECONDS, FailoverRun
from scripts.runbook.lease import LeaseRecord, release
from scripts.runbook.positions import format_lsn, parse_lsn
from scripts.runbook.runner import Step
from scripts.runbook.steps import FAILOVER

Evidence = dict[str, Any]

CATCH_UP_SECONDS = 20
# Writers under way may take 10 s to end, and the standbys CATCH_UP_SECONDS after that.
HAND_OVER_SECONDS = 45


def drain(run: FailoverRun) -> Evidence:
    """The old primary lets the writes under way end and takes no more; the others confirm the last of them."""
    if _handed_over(run, run.known_record()):
        return {"already": True}
    _must_be_wanted(run)
    end = fence.drain(run.database, run.plan.from_epoch)
    try:
        for site in (run.plan.new, *(site for site in run.plan.followers if site != run.site)):
            _wait_until_confirmed(run.database, site, end)
    except ReplicationStuck as behind:
        raise _taken_back(run, str(behind)) from behind
    return {"log_end": end}


def hand_over(run: FailoverRun) -> Evidence:
    """The old primary releases the lease to the new one."""
    if _handed_over(run, run.known_record()):
        return {"already": True}
    _must_be_wanted(run)
    answer = run.wait_for(release(run.register, run.site, run.plan.from_epoch, run.plan.new))
    if answer.kind == "unknown":
        # It may have been released: only a later look can tell, and until then this site takes no writes.
        raise RegisterUnreachable(run.platform.sites, dict(run.register.faults))
    if answer.kind != "released":
        raise _taken_back(run, answer.reason)
    return {"candidate": run.plan.new}


def await_hand_over(run: FailoverRun) -> Evidence:
    """The old primary drains its writes and hands the lease over."""
    deadline = time.monotonic() + HAND_OVER_SECONDS
    while (record := run.committed_record()) is None or not _handed_over(run, record):
        _must_not_be_refused(run)
        if time.monotonic() > deadline:
            raise StepTimedOut(
                f"{run.plan.old} has not handed over after {HAND_OVER_SECONDS} s: look at its agent, or use "
                f"`lifeboat failover --to {run.plan.new}`"
            )
        time.sleep(POLL_SECONDS)
    return {"state": record.state, "from": run.plan.old}


def _handed_over(run: FailoverRun, record: LeaseRecord) -> bool:
    """Say whether this move got past the hand-over, in this start of it or an earlier one."""
    released = record.state == "released" and record.candidate == run.plan.new
    return released or record.epoch > run.plan.from_epoch


def _must_be_wanted(run: FailoverRun) -> None:
    """Raise SwitchoverStopped, and go on as primary, when the new site has given up waiting."""
    if (ended := _ending(run, run.plan.new)) is not None:
        raise _taken_back(run, f"{run.plan.new} no longer waits for it ({ended.sentence})")


def _must_not_be_refused(run: FailoverRun) -> None:
    ended = _ending(run, run.plan.old)
    if ended is not None and not ended.done:
        raise SwitchoverStopped(run.plan.old, ended.sentence)


def _ending(run: FailoverRun, site: str) -> answers.Answer | None:
    hearing = answers.hear(run.reach.stores, run.platform.public_keys, run.commission.nonce, site, "ended")
    return run.wait_for(hearing)


def _taken_back(run: FailoverRun, why: str) -> SwitchoverStopped:
    """Take writes again, and return the sentence that says so."""
    fence.reopen(run.database, run.plan.from_epoch)
    return SwitchoverStopped(run.site, why)


def _wait_until_confirmed(database: psycopg.Connection[Any], site: str, end: str) -> None:
    slot = replication.slot_name(site)
    replication.wait_until(
        lambda: understudies.slots(database)[slot].confirmed >= parse_lsn(end),
        f"{site} has not confirmed the last write, at {format_lsn(parse_lsn(end))}",
        CATCH_UP_SECONDS,
    )


HAND_OVER = tuple(Step(act.__name__, act) for act in (drain, hand_over))
SWITCHOVER = (Step(await_hand_over.__name__, await_hand_over), *FAILOVER)
