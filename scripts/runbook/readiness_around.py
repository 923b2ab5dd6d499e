"""Pure: the lines of readiness about what lies around the sites: practice, the public certificate, alarms, what is not there."""

from scripts.runbook.readiness import Line, ReadinessFacts, State, graded
from scripts.runbook.readiness_proofs import certificate_line

DRILL_DAYS = (14, 30, 90)


def around_lines(facts: ReadinessFacts) -> list[Line]:
    """Say how long ago a move was practised, what the agents complain of, and what was never set up."""
    return [_drill(facts), *_edge(facts), *_alarms(facts), *facts.inventory, *_not_set_up()]


def _drill(facts: ReadinessFacts) -> Line:
    to_do = "practise: `lifeboat drill`, or a switchover there and back"
    if facts.drill_days is None:
        return Line("last drill or move", State.PRE_STAGE, "never, as far as the journals know", to_do)
    seen = f"{facts.drill_days:.0f} days ago"
    return graded("last drill or move", facts.drill_days, DRILL_DAYS, seen, to_do)


def _edge(facts: ReadinessFacts) -> list[Line]:
    if facts.edge_days is not None:
        return [certificate_line("public certificate", facts.edge_days)]
    return [Line("public certificate", State.GREEN if facts.is_local else State.GO, "served without TLS",
                 "" if facts.is_local else "give the edge a certificate")]  # fmt: skip


def _alarms(facts: ReadinessFacts) -> list[Line]:
    """Repeat what the agents complain of: a subject may have no line of its own here."""
    found: dict[str, list[str]] = {}
    for site, seen in facts.seen.items():
        for alarm in seen.status.alarms if seen.status else ():
            found.setdefault(alarm, []).append(site)
    return [
        Line(f"alarm of {', '.join(sites)}", State.ARM, alarm, "see the lines above") for alarm, sites in found.items()
    ]


def _not_set_up() -> list[Line]:
    return [
        Line("escrow", State.ARM, "not set up: state, outputs, secrets and a dump lie with their own provider alone",
             "keep an encrypted copy of each with the other two by hand until it is"),
        Line("notices", State.ARM, "not set up: no provider's notice is counted here",
             "read the abuse mailbox daily; the oldest unanswered notice is the clock"),
    ]  # fmt: skip
