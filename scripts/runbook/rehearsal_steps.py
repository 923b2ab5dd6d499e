"""A failover's checks without its effect: the agent of a standby plans the move, and looks at everything it would need."""

from typing import Any

from scripts.runbook import fence, outside, replication, understudies
from scripts.runbook.errors import NotReady
from scripts.runbook.failover import FailoverRun
from scripts.runbook.runner import Step

Evidence = dict[str, Any]


def check_register(run: FailoverRun) -> Evidence:
    """The register is read, and what it says is committed."""
    record = run.known_record()
    return {"holder": record.holder, "epoch": record.epoch, "state": record.state, "rule": record.rule.to_json(),
            "stores at fault": dict(run.register.faults)}  # fmt: skip


def check_database(run: FailoverRun) -> Evidence:
    """This site's database applies the primary's log, and its fence is closed."""
    stands = fence.read(run.database)
    if stands.writable:
        raise NotReady(f"the fence of {run.site} is open although it is a standby: call whoever changed it")
    if not replication.applying(run.database, run.plan.old):
        raise NotReady(f"{run.site} does not apply the log of {run.plan.old}: look at its subscription")
    return {"applied": understudies.applied_position(run.database, run.plan.old), "fence epoch": stands.epoch}


def check_way_back(run: FailoverRun) -> Evidence:
    """Every site that would follow has a slot here that is proved to reach back far enough: no copy would be needed."""
    known = understudies.slots(run.database)
    lost = [site for site in run.plan.followers if not _holds(known, site)]
    if lost:
        raise NotReady(f"{run.site} has no usable slot for {' and '.join(lost)}, which would need a copy")
    return {"retained bytes": {name: slot.retained_bytes for name, slot in known.items()}}


def check_dns(run: FailoverRun) -> Evidence:
    """Every DNS vendor answers, and would take the change."""
    move = run.traffic.point(run.platform.outputs[run.site].edge_target, run.epoch, dry_run=True)
    silent = {answer.vendor: answer.error for answer in move.after if answer.error}
    return {"vendors": [answer.vendor for answer in move.after if not answer.error], "silent": silent}


def check_outside(run: FailoverRun) -> Evidence:
    """The app's own address answers from outside."""
    answer = outside.readiness(run.platform.outside_url)
    if not answer:
        raise NotReady(f"{run.platform.outside_url} does not answer from {run.site}: a move could not be verified")
    return answer


def _holds(known: dict[str, understudies.Slot], site: str) -> bool:
    slot = known.get(replication.slot_name(site))
    return slot is not None and slot.wal_status not in ("lost", "unreserved")


REHEARSAL = tuple(
    Step(act.__name__, act) for act in (check_register, check_database, check_way_back, check_dns, check_outside)
)
