"""The steps by which a site gets back behind the primary by reading everything anew, where nothing less will do.

`COPY` at the end is the order itself.
"""

import time
from typing import Any

from scripts.runbook import continuity, replication, rewind, understudies
from scripts.runbook.errors import StepTimedOut
from scripts.runbook.rejoin_steps import ALREADY, catch_up
from scripts.runbook.replication import Following, slot_name
from scripts.runbook.returning import ReturnRun
from scripts.runbook.runner import Step

Evidence = dict[str, Any]

# A copy tells of each of these shares.
PROGRESS_PERCENT = 10


def make_empty(run: ReturnRun) -> Evidence:
    """Forget whom this site followed and who read from it, and remove every replicated row."""
    if run.follows() or run.is_copying():
        return ALREADY
    replication.stop_following(run.database)
    tables = replication.published_tables(run.database)
    rewind.empty(run.database, tables)
    continuity.begin_anew(run.database)
    # Whoever read from here shares no history with it any more; the agent makes new slots for those that follow beside it.
    for slot in understudies.slots(run.database).values():
        if not slot.active:
            understudies.drop_slot(run.database, slot.name.removeprefix("to_"))
    return {"tables": len(tables)}


def ask_for_copy(run: ReturnRun) -> Evidence:
    """The primary drops the slot that is of no use any more; the copy makes its own."""
    if run.follows() or run.is_copying():
        return ALREADY
    answer = run.ask(copy=True)
    if answer.refusal:
        raise StepTimedOut(f"{run.plan.primary} refused: {answer.refusal}")
    return {"dropped": slot_name(run.site)}


def copy_everything(run: ReturnRun) -> Evidence:
    """Copy every replicated table from the primary."""
    if run.follows():
        return ALREADY
    replication.subscribe(run.database, run.site, run.plan.primary, run.conninfo(), copy=True)
    began, told = time.time(), 0
    while left := replication.tables_not_ready(run.database):
        share = min(100 * replication.table_bytes(run.database) // max(run.plan.copy_bytes, 1), 99)
        if share >= told + PROGRESS_PERCENT:
            told = share
            progress = f"{share} % of {run.plan.copy_size} copied, {len(left)} tables to go"
            run.mirror(run.journal.append("copy_everything", run.epoch, began, progress, {}))
        time.sleep(0.2)
    # Only now does it follow: before, it confirmed changes of tables that it did not have yet.
    replication.follow(run.database, run.site, Following(run.plan.primary, run.epoch), run.conninfo(), copy=True)
    return {"bytes": replication.table_bytes(run.database)}


COPY = tuple(Step(act.__name__, act) for act in (make_empty, ask_for_copy, copy_everything, catch_up))
