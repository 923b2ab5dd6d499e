"""Pure: the lines of readiness about what each site proves once a minute by doing it: rights, links, certificates, edge."""

from collections.abc import Sequence

from scripts.runbook.health import Health
from scripts.runbook.readiness import Line, State

PROVED_SECONDS = 300.0
CERTIFICATE_DAYS = (21, 7, 1)


def proof_lines(site: str, health: Health, sites: Sequence[str]) -> list[Line]:
    """Say what a site's agent may do, whom its database reaches, and whether its own edge would serve."""
    return [
        _privileges(site, health),
        *_links(site, health, [other for other in sites if other != site]),
        *_excess(site, health),
        *_retention(site, health),
        *_certificate(site, health),
        *_edge(site, health),
    ]


def _privileges(site: str, health: Health) -> Line:
    what = f"{site}: privileges"
    if health.refused:
        seen = "; ".join(f"may not {act}: {reason}" for act, reason in health.refused.items())
        return Line(what, State.PRE_STAGE, seen, "grant it, or renew the credential: scripts/runbook/sql/roles.sql")
    if health.proved_age is None or health.proved_age > PROVED_SECONDS:
        return Line(what, State.ARM, "not proved lately", "look at the agent's log")
    return Line(what, State.GREEN, f"all used {health.proved_age:.0f} s ago")


def _links(site: str, health: Health, others: Sequence[str]) -> list[Line]:
    """Judge the private links from this site's own database to the others': also those that nobody uses until a move."""
    return [_link(f"{site}: link to the database of {other}", health.reached.get(other)) for other in others]


def _link(what: str, fault: str | None) -> Line:
    if fault is None:
        to_do = "wait a minute; it is tried when no move is under way and the agent there speaks"
        return Line(what, State.ARM, "not tried lately", to_do)
    to_do = "docs/network.md: the tunnels between both, the peers file, and the replication password of both"
    return Line(what, State.PRE_STAGE, fault, to_do) if fault else Line(what, State.GREEN, "opened over TLS")


def _excess(site: str, health: Health) -> list[Line]:
    if not health.excess:
        return []
    to_do = "revoke it: scripts/runbook/sql/roles.sql and machinery.sql say what each role needs"
    return [Line(f"{site}: rights beyond need", State.PRE_STAGE, "; ".join(health.excess), to_do)]


def _retention(site: str, health: Health) -> list[Line]:
    """Judge a retention that was made open: until it is locked, whoever holds the account could empty the ledger."""
    if not health.ledger_retention:
        return []
    state = State.GREEN if health.ledger_retention == "locked" else State.ARM
    to_do = f"`lifeboat acts lock --site {site} --yes`, which nobody can take back" if state else ""
    return [Line(f"{site}: ledger retention", state, health.ledger_retention, to_do)]


def _certificate(site: str, health: Health) -> list[Line]:
    if health.certificate_days is None:
        return []  # the privileges' line names why there is none
    return [certificate_line(f"{site}: database certificate", health.certificate_days)]


def _edge(site: str, health: Health) -> list[Line]:
    """Judge the site's own edge before anybody needs it: its certificate for the app's name, and whether it serves."""
    if health.edge_days is None:
        return [Line(f"{site}: edge", State.GREEN, "does not apply here: the app is served without TLS")]
    lines = [certificate_line(f"{site}: certificate for the app's name", health.edge_days)]
    if not health.edge_fault:
        return [*lines, Line(f"{site}: edge", State.GREEN, "serves whoever comes by the app's name")]
    to_do = (
        "docs/clouds.md, acts that no resource is: the certificate, and the private link that somebody approves once"
    )
    return [*lines, Line(f"{site}: edge", State.PRE_STAGE, f"would serve nobody: {health.edge_fault}", to_do)]


def certificate_line(what: str, days: float) -> Line:
    """Judge a certificate by the days it has left."""
    state = State(sum(days < limit for limit in CERTIFICATE_DAYS))
    return Line(what, state, f"{days:.0f} days left", "renew it" if state else "")
