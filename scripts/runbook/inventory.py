"""Pure: everything the platform stands on, who can switch it off, and whether recovery needs one owner twice.

The principle: take away everything of one owner, and what recovery needs must still be there. A parent company counts as
the owner, since its terms of service are one.
"""

import tomllib
from collections import defaultdict
from dataclasses import dataclass, fields
from pathlib import Path

from scripts.runbook.errors import UsageError
from scripts.runbook.readiness import Line, State

KINDS = (
    "registrar", "dns", "ca", "state", "keys", "registry", "identity", "mail", "ci", "forge", "cdn", "app store",
    "payment", "monitoring",
)  # fmt: skip


@dataclass(frozen=True)
class Entry:
    """One thing that somebody else provides.

    owner: the company that owns the vendor, as far up as its terms reach. switched_off_by: whose decision ends it.
    replaced_by: what is used instead, and how. recovery: whether a failover or the way back needs it. site: the site it
    belongs to and goes with, if any. An empty vendor has not been chosen yet.
    """

    kind: str
    vendor: str
    owner: str
    switched_off_by: str
    replaced_by: str
    recovery: bool
    site: str = ""


def read_inventory(path: Path) -> tuple[Entry, ...]:
    """Read the file. Raises UsageError naming the entry that is wrong."""
    try:
        found = tomllib.loads(path.read_text())["entry"]
    except (OSError, tomllib.TOMLDecodeError, KeyError) as reason:
        raise UsageError(f"{path} is no inventory: it needs a list of [[entry]] ({reason})") from reason
    return tuple(_entry(path, number, parts) for number, parts in enumerate(found, 1))


def _entry(path: Path, number: int, parts: dict[str, object]) -> Entry:
    names = {field.name for field in fields(Entry)}
    if wrong := (set(parts) - names) | (names - set(parts) - {"site"}):
        raise UsageError(f"{path}: entry {number} lacks or misspells {', '.join(sorted(wrong))}")
    texts = {name: part for name, part in parts.items() if name != "recovery"}
    if not all(isinstance(part, str) for part in texts.values()) or not isinstance(parts["recovery"], bool):
        raise UsageError(f"{path}: entry {number}: recovery is true or false, everything else is text")
    if parts["kind"] not in KINDS:
        raise UsageError(f"{path}: entry {number} is of no known kind {parts['kind']!r}; there is {', '.join(KINDS)}")
    return Entry(**parts)  # ty: ignore[invalid-argument-type]


def inventory_lines(entries: tuple[Entry, ...]) -> list[Line]:
    """Judge the inventory: what is missing, and on whom recovery hangs alone."""
    alone = single_owners(entries)
    lines = [_line_of(owner, kinds, entries) for owner, kinds in alone.items()]
    missing = [kind for kind in KINDS if not any(entry.kind == kind for entry in entries)]
    if missing:
        lines.append(
            Line("inventory: not listed", State.ARM, ", ".join(missing), "add an entry, also for what is not used")
        )
    if open_kinds := sorted({entry.kind for entry in entries if not entry.vendor}):
        lines.append(Line("inventory: not chosen", State.ARM, ", ".join(open_kinds), "fill in vendor and owner"))
    return lines or [Line("inventory", State.GREEN, "recovery survives the loss of any one owner")]


def single_owners(entries: tuple[Entry, ...]) -> dict[str, tuple[str, ...]]:
    """Return, for each owner without whom recovery lacks something, the kinds that nobody else gives."""
    needed: dict[str, set[str]] = defaultdict(set)
    for entry in entries:
        if entry.recovery and entry.vendor:
            needed[entry.kind].add(entry.owner)
    alone: dict[str, list[str]] = defaultdict(list)
    for kind, owners in needed.items():
        if len(owners) == 1:
            alone[owners.pop()].append(kind)
    return {owner: tuple(kinds) for owner, kinds in sorted(alone.items())}


def _line_of(owner: str, kinds: tuple[str, ...], entries: tuple[Entry, ...]) -> Line:
    """One kind that hangs on one owner is a risk to know; two, or one that goes with a whole site, must not be."""
    site = next((entry.site for entry in entries if entry.owner == owner and entry.site), "")
    is_twice = len(kinds) > 1 or bool(site)
    also = f", which also owns the site {site}" if site else ""
    seen = f"recovery has {' and '.join(kinds)} from {owner} alone{also}"
    to_do = f"find a second vendor for {' or '.join(kinds)} that {owner} does not own"
    return Line(f"inventory: {owner}", State.PRE_STAGE if is_twice else State.ARM, seen, to_do)
