"""The inventory: read whole or refused in a sentence, and judged by taking away one owner at a time."""

from pathlib import Path

import pytest

from scripts.runbook.errors import UsageError
from scripts.runbook.inventory import KINDS, Entry, inventory_lines, read_inventory, single_owners
from scripts.runbook.readiness import State, is_red

OURS = Path(__file__).parents[2] / "stacks" / "inventory.toml"


def entry(kind: str, owner: str, site: str = "", *, recovery: bool = True) -> Entry:
    return Entry(kind, f"{owner} {kind}", owner, "its lawyers", "another", recovery, site)


def test_the_committed_inventory_is_whole() -> None:
    """It lists every kind, and recovery survives the loss of any one owner as far as the vendors are chosen."""
    entries = read_inventory(OURS)

    assert {one.kind for one in entries} == set(KINDS)
    assert single_owners(entries) == {}
    assert not is_red(inventory_lines(entries))


def test_one_owner_twice_is_red() -> None:
    """Two kinds that recovery has from one owner alone must not be, whatever the vendors are called."""
    lines = inventory_lines((entry("dns", "Big"), entry("forge", "Big"), entry("ci", "Small", recovery=False)))

    assert lines[0].state is State.PRE_STAGE
    assert lines[0].seen == "recovery has dns and forge from Big alone"


def test_a_site_s_owner_must_not_be_the_only_one_of_anything() -> None:
    """The forge that the owner of a cloud runs goes on the same night as the cloud."""
    lines = inventory_lines((entry("state", "Big", "azure"), entry("state", "Other", "aws"), entry("forge", "Big")))

    assert lines[0].state is State.PRE_STAGE
    assert "which also owns the site azure" in lines[0].seen


def test_one_kind_from_one_owner_is_named() -> None:
    """It arms, and two owners are enough."""
    assert inventory_lines((entry("dns", "One"),))[0].state is State.ARM
    assert single_owners((entry("dns", "One"), entry("dns", "Two"))) == {}
    assert single_owners((entry("dns", "One"), entry("dns", "One"))) == {"One": ("dns",)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no inventory"),
        ("[[entry", "no inventory"),
        ('[[entry]]\nkind = "dns"', "entry 1 lacks or misspells owner"),
        (
            '[[entry]]\nkind="x"\nvendor=""\nowner=""\nswitched_off_by=""\nreplaced_by=""\nrecovery=true',
            "no known kind",
        ),
        ('[[entry]]\nkind="dns"\nvendor=1\nowner=""\nswitched_off_by=""\nreplaced_by=""\nrecovery=true', "is text"),
    ],
)
def test_a_wrong_file_is_refused_in_a_sentence(tmp_path: Path, text: str, says: str) -> None:
    """It names the file and the entry."""
    path = tmp_path / "inventory.toml"
    path.write_text(text)

    with pytest.raises(UsageError, match=says):
        read_inventory(path)
