"""Who is primary, for commands that only need to know that."""

from scripts.runbook import event_loop
from scripts.runbook.errors import RegisterUnreachable
from scripts.runbook.lease import read_record
from scripts.runbook.registers import open_register
from scripts.runbook.sites import Platform


def find_primary(platform: Platform, asker: str = "operator") -> str:
    """Return the site that holds the lease by the register. Raises RegisterUnreachable."""
    record = event_loop.run(_ask(platform, asker))
    if record is None:
        raise RegisterUnreachable(platform.sites)
    return record


async def _ask(platform: Platform, asker: str) -> str | None:
    record = await read_record(open_register(platform, asker))
    return record.holder if record else None
