"""Who may break which rule, why, and until when: read from one file, and held against the calendar."""

import tomllib
from dataclasses import dataclass, fields
from datetime import date
from pathlib import Path
from typing import Any

from infra.policy.rule import RULES

FILE = Path(__file__).with_name("exceptions.toml")
CLOUDS = ("aws", "gcp", "azure")


class BadExceptionsError(ValueError):
    """The file of exceptions is not what it must be; the message has one line for each fault."""


@dataclass(frozen=True)
class Excepted:
    """One line of the file: this resource of this cloud may break this rule until the end of a day."""

    rule: str
    cloud: str
    resource: str
    owner: str
    reason: str
    expires: date

    def holds(self, today: date) -> bool:
        return today <= self.expires


def read_exceptions(file: Path = FILE) -> tuple[Excepted, ...]:
    """Read the file. Raises BadExceptionsError with every fault at once."""
    try:
        lines = tomllib.loads(file.read_text()).get("exceptions", [])
    except (OSError, ValueError) as error:
        raise BadExceptionsError(f"{file.name} cannot be read: {error}.") from error
    if not isinstance(lines, list):
        raise BadExceptionsError(f"{file.name}: exceptions is not a list of lines.")
    faults = [
        f"{file.name}, exception {number}: {fault}" for number, one in enumerate(lines, 1) for fault in _faults(one)
    ]
    if faults:
        raise BadExceptionsError("\n".join(faults))
    return tuple(Excepted(**one) for one in lines)


def _faults(one: Any) -> list[str]:
    """Return what is wrong with one exception."""
    if not isinstance(one, dict):
        return ["an exception is a table with rule, cloud, resource, owner, reason and expires."]
    known = [field.name for field in fields(Excepted)]
    faults = [f"{name} is missing." for name in known if name not in one]
    faults += [f"there is no key {name!r}; there are {', '.join(known)}." for name in sorted(one.keys() - set(known))]
    texts = [name for name in known if name != "expires" and name in one]
    faults += [f"{name} is empty or no text." for name in texts if not isinstance(one[name], str) or not one[name]]
    if type(one.get("expires", date.max)) is not date:
        faults.append("expires is no day (write it as 2027-01-31, without quotes).")
    if one.get("rule") and one["rule"] not in RULES:
        faults.append(f"there is no rule {one['rule']!r}.")
    if one.get("cloud") and one["cloud"] not in CLOUDS:
        faults.append(f"there is no cloud {one['cloud']!r}; there are {', '.join(CLOUDS)}.")
    return faults
