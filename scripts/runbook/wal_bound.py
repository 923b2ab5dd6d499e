"""Pure: which slots a site must let go of before the log that it keeps for them fills its disk.

Not every managed service bounds this itself: Azure fixes max_slot_wal_keep_size at -1, Cloud SQL does not offer it.
A site whose slot is gone comes back by a copy, which its return announces; a full disk would stop the primary.
"""

from collections.abc import Collection, Iterable

from scripts.runbook.understudies import Slot

LIMIT_BYTES = 1 << 30
"""How much log a site keeps at most for a standby that does not count."""
DISK_SHARE = 0.5
"""Of the disk that is left, how much such a slot may make this site keep."""
UNDERSTUDY_SHARE = 0.5
"""An understudy slot goes at this share of what the slot of a standby that left the rule may keep."""


def slots_to_drop(
    slots: Iterable[Slot], counted: Collection[str], followers: Collection[str], disk_free: int | None
) -> tuple[str, ...]:
    """Return the sites whose slots here must go, those that keep the most log first.

    `counted`: the sites that the rule names; their slots stay. `followers`: the sites that follow this one; the slots of
    the others are understudies. `disk_free` in bytes; None where only the provider can see it.
    """
    limit = LIMIT_BYTES if disk_free is None else min(LIMIT_BYTES, int(disk_free * DISK_SHARE))
    found = []
    for slot in slots:
        site = slot.name.removeprefix("to_")
        allowed = limit if site in followers else int(limit * UNDERSTUDY_SHARE)
        if not slot.active and site not in counted and slot.retained_bytes > allowed:
            found.append((slot.retained_bytes, site))
    return tuple(site for _, site in sorted(found, reverse=True))
