"""What wakes somebody: one list for all clouds. Imports no Pulumi.

The agent writes each measure of its site once a minute as one line of JSON, {"measure": NAME, "value": NUMBER}, and each
cloud's alarms read these lines from its log: so an alarm means the same everywhere, whatever a provider's own metrics say.
"""

from dataclasses import dataclass

from infra.spec import SiteSpec

NAMESPACE = "Lifeboat"
SILENT_MINUTES = 5


@dataclass(frozen=True)
class Alarm:
    """It rings when the measure was above the bound for some minutes; the last part of the measure's name is its unit."""

    name: str
    measure: str
    above: float
    minutes: int
    meaning: str

    @property
    def label(self) -> str:
        return f"lifeboat-{self.name}"


def measured(spec: SiteSpec) -> tuple[Alarm, ...]:
    """Return the alarms on what the agent measures."""
    a_fifth = spec.database.storage_gib * 1024 / 5
    return (
        Alarm("replication-lag", "replication_lag_seconds", 30, 5, "A standby is so far behind the primary."),
        Alarm("retained-wal", "retained_wal_mib", a_fifth, 5, "A slot holds back a fifth of the database's storage."),
        Alarm("lease-age", "lease_age_seconds", 60, 1, "Nobody has renewed the lease: writes have stopped."),
        Alarm("links", "links_down_count", 0, 5, "Another site's database cannot be reached over the private link."),
        Alarm("media-outbox", "media_outbox_seconds", 900, 5, "A picture waits for its copy at another provider."),
        Alarm("notice-age", "notice_age_hours", 12, 5, "A provider's notice waits for its answer."),
    )


ERROR_RATE = Alarm("error-rate", "server_errors_percent", 5, 5, "The edge answers with server errors.")
"""Measured at the edge by the provider, since a web that is down writes no lines."""

SILENCE = Alarm("agent-silence", "replication_lag_seconds", 0, SILENT_MINUTES, "The agent has stopped measuring.")
"""Rings when the measure is missing: the other alarms mean nothing without it."""


def alarms(spec: SiteSpec) -> tuple[Alarm, ...]:
    """Return every alarm of a site."""
    return (*measured(spec), ERROR_RATE, SILENCE)
