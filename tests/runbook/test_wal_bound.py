"""Which slots go before the log that they keep fills the disk, and which never do."""

import pytest

from scripts.runbook.understudies import Slot
from scripts.runbook.wal_bound import LIMIT_BYTES, slots_to_drop

MIB = 1 << 20


def slot(site: str, mib: int, *, active: bool = False) -> Slot:
    return Slot(f"to_{site}", active, 0, mib * MIB, "reserved")


@pytest.mark.parametrize(
    ("slots", "counted", "followers", "disk_free", "gone"),
    [
        pytest.param([slot("gcp", 9_000)], ["gcp"], ["gcp"], None, (), id="the rule names it"),
        pytest.param([slot("gcp", 9_000, active=True)], [], ["gcp"], None, (), id="it is being read"),
        pytest.param([slot("gcp", 500)], [], [], None, (), id="an understudy below its share"),
        pytest.param([slot("gcp", 600)], [], [], None, ("gcp",), id="an understudy above its share"),
        pytest.param([slot("gcp", 600)], [], ["gcp"], None, (), id="a standby that left the rule has twice as much"),
        pytest.param([slot("gcp", 1_100)], [], ["gcp"], None, ("gcp",), id="and then goes too"),
        pytest.param([slot("gcp", 60)], [], [], 200 * MIB, ("gcp",), id="little disk is left"),
        pytest.param([slot("gcp", 600), slot("azure", 700)], [], [], None, ("azure", "gcp"), id="the largest first"),
    ],
)
def test_what_goes(slots: list[Slot], counted: list[str], followers: list[str], disk_free: int | None,
                   gone: tuple[str, ...]) -> None:  # fmt: skip
    """Understudies go at half the limit, standbys out of the rule at the limit, others never."""
    assert LIMIT_BYTES == 1024 * MIB
    assert slots_to_drop(slots, counted, followers, disk_free) == gone
