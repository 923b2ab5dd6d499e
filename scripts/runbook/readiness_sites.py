"""Pure: the lines of readiness about each site, from its own signed word."""

from collections.abc import Sequence

from scripts.runbook.health import Health
from scripts.runbook.readiness import Line, ReadinessFacts, Seen, State, graded
from scripts.runbook.readiness_proofs import proof_lines
from scripts.runbook.standby_faults import LOST
from scripts.runbook.status import SiteStatus

MIB = 1 << 20
GIB = 1 << 30
# Bytes of the primary's log: about a second, a minute and ten minutes of a busy platform.
LAG_LIMITS = (16 * MIB, 256 * MIB, 4 * GIB)
# Log that the primary keeps for one slot.
RETAINED_LIMITS = (1 * GIB, 8 * GIB, 32 * GIB)
CLOCK_LIMITS = (2.0, 5.0, 60.0)
"""Seconds: more than the stores' Date can show; ages and requests go wrong; no request is accepted any more."""
SILENT_LIMITS = (5.0, 10.0, 60.0)
USED_LIMITS = (0.80, 0.90, 0.97)


def site_lines(facts: ReadinessFacts) -> list[Line]:
    """Say how each site stands: heard, clock, privileges, certificate, disk, and as a standby lag, slot, schema, way back."""
    lines = []
    for site in facts.sites:
        seen = facts.seen.get(site, Seen(None))
        if seen.status is None or seen.age is None:
            lines.append(Line(f"{site}: agent", State.GO, f"was never heard{_why(seen)}", _bring_back(site)))
            continue
        lines.append(
            graded(f"{site}: agent", seen.age, SILENT_LIMITS, f"heard {seen.age:.1f} s ago", _bring_back(site))
        )
        lines += _own(site, seen.status, facts.sites)
        if facts.record and site != facts.record.holder:
            lines += _as_standby(facts, site, seen.status)
    return [*lines, *_clocks(facts), *_versions(facts)]


def _own(site: str, status: SiteStatus, sites: Sequence[str]) -> list[Line]:
    lines = [_stores(site, status)]
    if status.health is None:
        to_do = "start its agent again with this version"
        return [*lines, Line(f"{site}: health", State.PRE_STAGE, "not measured, or by another version", to_do)]
    health = status.health
    return [
        *lines,
        *proof_lines(site, health, sites),
        *_continuity(site, health),
        *_disk(site, health),
        *_settings(site, health),
    ]


def _stores(site: str, status: SiteStatus) -> Line:
    seen = "; ".join(f"{store}: {reason}" for store, reason in status.store_failures.items())
    to_do = "restore that store, or the credential by which the site reaches it"
    what = f"{site}: reaches control stores"
    return Line(what, State.PRE_STAGE, seen, to_do) if seen else Line(what, State.GREEN, "all")


def _continuity(site: str, health: Health) -> list[Line]:
    """Say of a database that went back to an earlier state that it did; nothing of one that did not."""
    if not health.went_back:
        return []
    to_do = f"copy it anew: `lifeboat rejoin {site} --copy`; if {site} is the primary, first `lifeboat failover --to` a standby"
    return [Line(f"{site}: database", State.PRE_STAGE, health.went_back, to_do)]


def _disk(site: str, health: Health) -> list[Line]:
    if health.disk_free is None or not health.disk_total:
        return [Line(f"{site}: disk", State.GREEN, "watched by the provider's own alarm")]
    used = 1 - health.disk_free / health.disk_total
    seen = f"{health.disk_free / GIB:.1f} of {health.disk_total / GIB:.0f} GiB free"
    return [graded(f"{site}: disk", used, USED_LIMITS, seen, "make it larger, or drop a slot that nobody reads")]


def _settings(site: str, health: Health) -> list[Line]:
    lines = []
    if health.pending:
        seen = f"{', '.join(health.pending)} wait for a restart"
        lines.append(Line(f"{site}: settings", State.PRE_STAGE, seen, "restart the database at a quiet moment"))
    if health.frail_settings:
        seen = f"{', '.join(health.frail_settings)} off: no slot would survive the provider's own zone failover"
        lines.append(Line(f"{site}: settings", State.PRE_STAGE, seen, "`pulumi up` of this site turns them on"))
    if health.frail_slots:
        seen = f"{', '.join(health.frail_slots)} would not survive the provider's own zone failover"
        lines.append(Line(f"{site}: slots", State.ARM, seen, "drop and make them anew with failover = true"))
    return lines


def _as_standby(facts: ReadinessFacts, site: str, status: SiteStatus) -> list[Line]:
    record = facts.record
    assert record is not None
    primary = facts.seen[record.holder].status if record.holder in facts.seen else None
    follows = (status.following, status.following_epoch) == (record.holder, record.epoch)
    if not follows:
        seen = f"follows {status.following or 'nobody'}" + (
            f" under epoch {status.following_epoch}" if status.following else ""
        )
        return [Line(f"{site}: follows", State.PRE_STAGE, seen, f"`lifeboat rejoin {site}`")]
    lines = [*_slot(site, primary), _way_back(facts, site, status)]
    if status.health and primary and primary.health:
        lines += [_schema(site, status.health, primary.health), _subscription(site, status.health, primary.health)]
    return lines


def _slot(site: str, primary: SiteStatus | None) -> list[Line]:
    if primary is None:
        return []
    slot = primary.slots.get(site)
    if slot is None:
        to_do = f"copy it anew: `lifeboat rejoin {site} --copy`"
        return [Line(f"{site}: slot", State.PRE_STAGE, f"{primary.site} has no slot for it: it cannot go on", to_do)]
    if slot.wal_status in LOST:
        to_do = f"drop the slot and copy {site} anew: `lifeboat rejoin {site} --copy`"
        return [Line(f"{site}: slot", State.PRE_STAGE, f"{slot.wal_status}: the log it needs is gone", to_do)]
    lag, kept = max(primary.log - slot.confirmed, 0), slot.retained_bytes
    mend = f"look at the link and at the load of {site}"
    lines = [
        graded(f"{site}: lag", lag, LAG_LIMITS, f"{lag:,} bytes behind {primary.site}", mend),
        graded(
            f"{site}: slot", kept, RETAINED_LIMITS, f"{primary.site} keeps {kept / MIB:,.0f} MiB of log for it", mend
        ),
    ]
    if not slot.active:
        lines.append(Line(f"{site}: reads", State.PRE_STAGE, "nobody reads its slot right now", mend))
    return lines


def _way_back(facts: ReadinessFacts, site: str, status: SiteStatus) -> Line:
    """Judge whether the other standby could follow this one without a copy."""
    record = facts.record
    assert record is not None
    others = [other for other in facts.sites if other not in (site, record.holder)]
    proven = status.health.proven if status.health else ()
    missing = [other for other in others if other not in proven]
    what = f"{site}: could be followed"
    if not missing:
        return Line(what, State.GREEN, f"by {' and '.join(others)} without a copy")
    seen = f"{' and '.join(missing)} would have to be copied: its understudy slot here is missing or not proved yet"
    return Line(what, State.ARM, seen, f"wait a few seconds after a start; else look at the agent of {site}")


def _schema(site: str, health: Health, primary: Health) -> Line:
    if health.schema == primary.schema:
        return Line(f"{site}: schema", State.GREEN, f"the primary's ({primary.schema[:8]})")
    return Line(f"{site}: schema", State.PRE_STAGE, f"another one ({health.schema[:8]}, not {primary.schema[:8]})",
                "`lifeboat migrate --yes`, which brings every site that answers to the same")  # fmt: skip


def _subscription(site: str, health: Health, primary: Health) -> Line:
    what = f"{site}: subscription"
    if health.trouble:
        to_do = f"enable it again if nothing was skipped; else copy the site anew: `lifeboat rejoin {site} --copy`"
        return Line(what, State.PRE_STAGE, "; ".join(health.trouble), to_do)
    if health.followed != primary.published:
        return Line(
            what,
            State.PRE_STAGE,
            "it follows other tables than the primary publishes",
            "`lifeboat migrate --yes`, which makes it follow every table",
        )
    return Line(what, State.GREEN, "every published table in step")


def _clocks(facts: ReadinessFacts) -> list[Line]:
    """Compare every agent's clock, and this machine's, with the stores'."""
    clocks = {
        site: seen.status.health.clock_ahead for site, seen in facts.seen.items() if seen.status and seen.status.health
    }
    lines = [_clock(f"{site}: clock", ahead, f"set the clock of {site}") for site, ahead in clocks.items()]
    return [*lines, _clock("this machine: clock", facts.reader_ahead, "set this machine's clock: its requests expire")]


def _clock(what: str, ahead: float | None, to_do: str) -> Line:
    if ahead is None:
        return Line(what, State.ARM, "no store said what time it is", "look at the stores' lines")
    seen = f"{abs(ahead):.1f} s {'ahead of' if ahead > 0 else 'behind'} the stores"
    return graded(what, abs(ahead), CLOCK_LIMITS, seen, to_do)


def _versions(facts: ReadinessFacts) -> list[Line]:
    servers = {
        site: seen.status.health.versions.get("postgres", "").split(".")[0]
        for site, seen in facts.seen.items()
        if seen.status and seen.status.health
    }
    lines = [_same("PostgreSQL", servers, "bring the sites to the same major version")]
    if any(facts.images.values()):
        lines.append(_same("image", dict(facts.images), "deploy the same digest everywhere"))
    return lines


def _same(what: str, values: dict[str, str], to_do: str) -> Line:
    if len(set(values.values())) <= 1:
        return Line(what, State.GREEN, next(iter(values.values()), "nothing measured"))
    return Line(what, State.PRE_STAGE, ", ".join(f"{site}: {value}" for site, value in values.items()), to_do)


def _why(seen: Seen) -> str:
    return f" ({'; '.join(f'{store}: {reason}' for store, reason in seen.failures.items())})" if seen.failures else ""


def _bring_back(site: str) -> str:
    return f"look at the agent of {site}; locally `lifeboat local start {site}`"
