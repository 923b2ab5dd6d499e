"""Our own rules for what the other sites follow: logical decoding on, and no slot that fills the disk unseen."""

from infra.policy.database import lacking, too_low
from infra.policy.estate import Estate
from infra.policy.kinds import DATABASES, FLEXIBLE, RDS, SQL
from infra.policy.rule import Findings, rule

SLOTS = 10
"""Two standbys, two understudies, their table syncs during a copy, and one to spare for a rejoin."""


@rule()
def replication_logical(estate: Estate) -> Findings:
    """The database's changes can be followed by another provider's server, with room for every slot."""
    yield from lacking(estate, RDS, "rds.logical_replication", "1", "on")
    yield from lacking(estate, SQL, "cloudsql.logical_decoding", "on")
    yield from lacking(estate, FLEXIBLE, "wal_level", "logical")
    for kind in DATABASES:
        for name in ("max_replication_slots", "max_wal_senders"):
            yield from too_low(estate, kind, name, SLOTS)


@rule(
    without={
        "gcp": "Cloud SQL does not offer max_slot_wal_keep_size; the agent bounds what slots hold",
        "azure": "Flexible Server fixes max_slot_wal_keep_size at -1; the agent bounds what slots hold",
    }
)
def slots_bounded(estate: Estate) -> Findings:
    """A slot that nobody reads cannot fill the database's disk."""
    yield from too_low(estate, RDS, "max_slot_wal_keep_size", 1)
