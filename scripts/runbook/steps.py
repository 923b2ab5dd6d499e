"""The steps of a failover, in order, each: is it already so? act, verify.

`FAILOVER` at the end is the order itself. No site opens writes before another one follows it.
"""

import time
from typing import Any

from scripts.runbook import fence, outside, replication, takeovers, understudies
from scripts.runbook.errors import (
    DataMayBeLost,
    EpochTaken,
    MigrationUnderWay,
    RegisterContended,
    RegisterUnreachable,
    StepTimedOut,
)
from scripts.runbook.failover import POLL_SECONDS, FailoverRun
from scripts.runbook.lease import LeaseAnswer, LeaseRecord, take_over
from scripts.runbook.positions import format_lsn, parse_lsn
from scripts.runbook.runner import Step
from scripts.runbook.takedown_replay import begin_to_read, replay_takedowns

Evidence = dict[str, Any]

SETTLE_SECONDS = 30
# How long a takeover goes on asking while the stores answer but other proposers come in between.
CONTENDED_SECONDS = 30


def win_epoch(run: FailoverRun) -> Evidence:
    """Win the epoch in the register."""
    # A run that goes on finds its own win here too: what an earlier one may only have begun is then committed.
    deadline = time.monotonic() + CONTENDED_SECONDS
    answer = _take_over(run)
    while answer.kind == "unknown" and run.register.in_reach and time.monotonic() < deadline:
        answer = _take_over(run)
    record = _won(run, answer)
    run.takedowns = begin_to_read(run)
    return {
        "epoch": record.epoch,
        "holder": record.holder,
        "from": run.plan.old,
        "approved_by": record.approved_by,
        "rule": record.rule.to_json(),
    }


def stop_applying(run: FailoverRun) -> Evidence:
    """Every standby stops applying from the old primary and says how far it came."""
    old, new = run.plan.old, run.plan.new
    replication.stop_applying(run.database, old)
    run.positions = {new: understudies.applied_position(run.database, old)}
    for site in run.plan.hears:
        if site != old:
            run.positions[site] = _stopped(run, site)
    return {"positions": {site: format_lsn(position) for site, position in run.positions.items()}}


def take_tail(run: FailoverRun) -> Evidence:
    """The new primary takes from the others what they have and it lacks."""
    new, taken = run.plan.new, {}
    for site in run.positions:
        behind = run.positions[site] - run.positions[new]
        if behind > 0 and not understudies.is_prepared(run.database, site, run.epoch):
            _take_tail_from(run, site)
            taken[site] = behind
    return {"bytes_taken": taken}


def promote(run: FailoverRun) -> Evidence:
    """The new primary stands on its own: a slot ready for every follower, and no subscription left."""
    old, new = run.plan.old, run.plan.new
    for site in run.plan.followers:
        if site == old:  # it drained its writes, and this site has applied the last of them
            understudies.stand_ready(run.database, old, run.epoch)
        else:
            understudies.prepare_slot(run.database, site, old, run.positions[site], run.epoch)
    # From here an old primary that is gone can come back without a copy.
    understudies.ensure_slot(run.database, old)
    takeovers.note_taking_over(run.database, old, max(run.positions.values()), run.epoch)
    replication.stop_following(run.database)
    return {"slots": sorted(understudies.slots(run.database)), "site": new}


def be_followed(run: FailoverRun) -> Evidence:
    """The others follow the new primary from their understudy slots, without a copy."""
    for site in run.plan.followers:
        slot = replication.slot_name(site)
        replication.wait_until(
            lambda slot=slot: understudies.slots(run.database)[slot].active,
            f"{site} does not follow {run.plan.new}: look at the agent there, and run the same command again",
        )
    return {"followers": list(run.plan.followers)}


def open_writes(run: FailoverRun) -> Evidence:
    """The fence opens under the new rule, and a first write is acknowledged."""
    if not fence.read(run.database).open:
        fence.open_for(run.database, run.epoch, run.plan.rule, run.valid_until)
    # A run that was killed and goes on later finds its term used up; the new primary's agent renews it.
    replication.wait_until(
        lambda: fence.read(run.database).open,
        f"nobody renews the lease of epoch {run.epoch}: is the agent of {run.plan.new} running?",
    )
    fence.beat(run.database, run.plan.new, run.epoch)
    fence.acknowledge(run.database, run.plan.rule)
    return {"rule": run.plan.rule.to_json(), "single_copy": run.plan.rule.is_single_copy}


def point_dns(run: FailoverRun) -> Evidence:
    """The public name points at the new primary."""
    move = run.traffic.point(run.platform.outputs[run.plan.new].edge_target, run.epoch, dry_run=False)
    for vendor, reason in move.failed.items():
        run.warn(f"DNS at {vendor}: {reason}")
    return {"carrying": list(move.carrying), "failed": move.failed}


def verify_outside(run: FailoverRun) -> Evidence:
    """The app's own address is served by the new primary and takes writes."""
    deadline, answer = time.monotonic() + 20, {}
    while not (answer.get("site") == run.plan.new and answer.get("writable")):
        if time.monotonic() > deadline:
            raise StepTimedOut(
                f"{run.platform.outside_url} still answers {answer or 'nothing'}: look at the edge and at DNS; the new primary takes writes"
            )
        time.sleep(POLL_SECONDS)
        answer = outside.readiness(run.platform.outside_url)
    return answer


def settle_register(run: FailoverRun) -> Evidence:
    """The register says that the move is over: from now on only the new rule counts."""
    fence.end_move(run.database, run.epoch)
    # The new primary's agent says so with its next renewal; a second writer of the register would only delay it.
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        record = run.committed_record()
        if record is not None and _is_ours(run, record) and record.state == "held":
            return {"state": record.state, "epoch": record.epoch}
        if time.monotonic() > deadline:
            raise StepTimedOut(
                f"{run.plan.new} takes writes, but its agent does not end the move: is it running? Then run this again"
            )
        time.sleep(POLL_SECONDS)


def _take_over(run: FailoverRun) -> LeaseAnswer:
    """Ask the register for the epoch; the term counts from the clock as it was before."""
    plan, before = run.plan, fence.clock(run.database)
    return run.wait_for(take_over(
        run.register, plan.new, plan.from_epoch, plan.rule, run.platform.terms, before, runbook_id=run.runbook,
        approved_by=run.commission.approved_by, watched=run.commission.watched, live=plan.followers,
        over_migration=plan.over_migration))  # fmt: skip


def _won(run: FailoverRun, answer: LeaseAnswer) -> LeaseRecord:
    """Return the record that this run committed. Raises EpochTaken, or RegisterUnreachable when nobody can know."""
    if answer.kind == "won" and answer.record is not None:
        run.valid_until = answer.valid_until or 0.0
        return answer.record
    if answer.record is not None and answer.record.migration and answer.record.epoch == run.plan.from_epoch:
        raise MigrationUnderWay(answer.record.holder, answer.record.migration)
    if answer.record is not None:
        raise EpochTaken(answer.record.holder, answer.record.epoch, answer.record.runbook_id, answer.record.approved_by)
    if run.register.in_reach:
        raise RegisterContended(CONTENDED_SECONDS, dict(run.register.faults))
    raise RegisterUnreachable(run.platform.sites, dict(run.register.faults))


def _is_ours(run: FailoverRun, record: LeaseRecord) -> bool:
    """Say whether this run holds the epoch already. Raises EpochTaken naming the winner when another one does."""
    if record.epoch >= run.epoch and record.runbook_id != run.runbook:
        raise EpochTaken(record.holder, record.epoch, record.runbook_id, record.approved_by)
    return record.epoch == run.epoch and record.holder == run.plan.new


def _stopped(run: FailoverRun, site: str) -> int:
    """Return a standby's final position; one whose slot stands ready was heard by an earlier start of this runbook."""
    if understudies.is_prepared(run.database, site, run.epoch):
        return _journalled_position(run, site)
    try:
        return run.wait_to_hear(site, lambda heard: not heard.applying and heard.following == run.plan.old, "").applied
    except StepTimedOut as silent:
        raise DataMayBeLost(max(run.plan.at_risk_bytes, 1), (site,)) from silent


def _journalled_position(run: FailoverRun, site: str) -> int:
    known = [
        record.evidence["positions"]
        for record in run.journal.records
        if record.step == "stop_applying" and record.outcome == "done"
    ]
    return parse_lsn(known[-1][site]) if known and site in known[-1] else 0


def _take_tail_from(run: FailoverRun, site: str) -> None:
    """Read `site`'s slot for the new primary until everything that `site` had is here; the slot stays."""
    new = run.plan.new
    ready = run.wait_to_hear(
        site, lambda heard: new in heard.prepared, f"{site} does not hold its tail ready for {new}"
    )
    replication.subscribe(run.database, new, site, run.platform.conninfo(ready, new), copy=False)
    run.wait_to_hear(
        site,
        lambda heard: heard.slots[new].confirmed >= ready.log,
        f"{new} does not finish taking the tail from {site}",
        60,
    )
    replication.forget(run.database, site)


FAILOVER = tuple(
    Step(act.__name__, act)
    for act in (
        win_epoch,
        stop_applying,
        take_tail,
        promote,
        replay_takedowns,
        be_followed,
        open_writes,
        point_dns,
        verify_outside,
        settle_register,
    )
)
