"""The steps by which a site gets back behind the primary with its data, in order, each: is it already so? act, verify.

It gives up what it alone has, row by row, and goes on from its slot. The steps touch only the returning site's database;
what the primary has to do, its agent does when asked. `REJOIN` at the end is the order itself.
"""

import hashlib
import time
from typing import Any

from scripts.runbook import fence, replication, rewind, salvage, understudies
from scripts.runbook.errors import CopyNeeded, StepTimedOut
from scripts.runbook.failover import POLL_SECONDS
from scripts.runbook.positions import format_lsn
from scripts.runbook.replication import Following, slot_name
from scripts.runbook.returning import ReturnRun
from scripts.runbook.runner import Step
from scripts.runbook.tail import Tail, asked_tables, own_rows, read_tail

Evidence = dict[str, Any]

ALREADY: Evidence = {"already": True}
# How long a site may come no nearer to the primary before somebody has to look.
STALL_SECONDS = 60.0


def look_back(run: ReturnRun) -> Evidence:
    """Read from its own slot what this site alone has."""
    if _gave_up(run):
        return ALREADY
    if fence.read(run.database).open:
        fence.close(run.database)
    if not run.plan.was_primary:
        replication.stop_applying(run.database, run.plan.old)
    origin = None if run.plan.was_primary else replication.origin_of(run.database, run.plan.old)
    run.tail = read_tail(run.database, slot_name(run.plan.primary), run.plan.position, origin)
    return {"transactions": len(run.tail.transactions), "rows": run.tail.row_count}


def ask_primary(run: ReturnRun) -> Evidence:
    """The primary says what it has in those rows, and lets its slot stand where this site goes on."""
    if _gave_up(run):
        return ALREADY
    tail = run.tail or Tail((), {})
    run.answer = run.ask(tables=asked_tables(run.database, tail))
    if run.answer.refusal:
        raise CopyNeeded(run.site, run.answer.refusal, run.plan.copy_size)
    return {"rows": sum(len(table.rows) for table in run.answer.tables.values())}


def save_salvage(run: ReturnRun) -> Evidence:
    """Keep every row that differs, as it is here and as it is there, before anything is changed."""
    if _gave_up(run) or run.tail is None or run.answer is None:
        return ALREADY
    own = own_rows(run.database, run.tail)
    made = salvage.report(
        run.site, run.plan.primary, run.epoch, run.plan.position, run.tail, own, run.answer, _acknowledged(run)
    )
    places = _keep(run, {"json": made.to_json(), "html": made.to_html()})
    if made.acknowledged:
        run.warn(f"{made.acknowledged} acknowledged transactions are among what {run.site} gives up: see {places[0]}")
    return {"rows": len(made.rows), "differing": len(made.differing), "acknowledged": made.acknowledged, "kept": places}


def give_up(run: ReturnRun) -> Evidence:
    """Set the rows that this site alone changed to the primary's state, in one transaction."""
    if _gave_up(run) or run.tail is None or run.answer is None:
        return ALREADY
    in_place = salvage.replacements(run.tail, own_rows(run.database, run.tail), run.answer)
    rewind.rewind(run.database, in_place, run.epoch)
    return {"rows": run.tail.row_count}


def follow(run: ReturnRun) -> Evidence:
    """Follow the primary from the slot that stands ready there, without a copy."""
    if run.follows():
        return ALREADY
    for name in replication.subscriptions(run.database):
        replication.forget(run.database, name.removeprefix("lifeboat_from_"))
    conninfo = run.conninfo()
    replication.follow(run.database, run.site, Following(run.plan.primary, run.epoch), conninfo, copy=False)
    return {"following": run.plan.primary}


def catch_up(run: ReturnRun) -> Evidence:
    """This site confirms everything that the primary had when it began to follow."""
    target, confirmed, moved_at = run.hear_primary().log, 0, time.monotonic()
    while confirmed < target:
        slot = run.hear_primary().slots.get(run.site)
        now = slot.confirmed if slot and slot.active else 0
        if now > confirmed:
            confirmed, moved_at = now, time.monotonic()
        if time.monotonic() - moved_at > STALL_SECONDS:
            raise StepTimedOut(
                f"{run.site} has come no nearer to {run.plan.primary} for {STALL_SECONDS:g} s, at {format_lsn(confirmed)}: "
                f"look at its database's log; a full copy is `lifeboat rejoin {run.site} --copy`"
            )
        time.sleep(POLL_SECONDS)
    return {"confirmed": format_lsn(confirmed)}


def check_references(run: ReturnRun) -> Evidence:
    """Every reference that the rewind made anew holds."""
    return {"validated": rewind.validate(run.database)}


def _gave_up(run: ReturnRun) -> bool:
    return run.follows() or rewind.is_rewound(run.database, run.epoch)


def _acknowledged(run: ReturnRun) -> int:
    """Count the transactions of the tail that the rule's standbys are known to have confirmed.

    A tail of a standby was confirmed by it, so all of it may have been acknowledged.
    """
    tail = run.tail or Tail((), {})
    work = [one for one in tail.transactions if salvage.is_work(one)]
    if not run.plan.was_primary:
        return len(work)
    rule, slots = fence.read(run.database).rule, understudies.slots(run.database).values()
    return sum(
        rule.satisfied_by({slot.name.removeprefix("to_") for slot in slots if slot.confirmed >= one.end})
        for one in work
    )


def _keep(run: ReturnRun, forms: dict[str, bytes]) -> list[str]:
    """Keep a report in this machine's folder and in every ledger store that answers. Raises OSError."""
    folder = run.platform.folder / "salvage"
    folder.mkdir(mode=0o700, exist_ok=True)
    places = []
    for form, data in forms.items():
        # A run that goes on after it was killed makes another report: none takes the place of an earlier one.
        name = f"{run.runbook}-{hashlib.sha256(data).hexdigest()[:8]}.{form}"
        path = folder / name
        path.touch(mode=0o600)
        path.write_bytes(data)
        places.append(str(path))
        run.ledger.keep(f"salvage/{name}", data)
    return places


REJOIN = tuple(
    Step(act.__name__, act)
    for act in (
        look_back,
        ask_primary,
        save_salvage,
        give_up,
        follow,
        catch_up,
        check_references,
    )
)
