"""What a migration is, for whoever carries one to a site: to speak of it needs neither Alembic nor the models."""

from dataclasses import dataclass
from typing import Literal

LOCK = 5_208_133_079_201_447_001  # a number of our own: two runs on one database take turns

# An expand only adds, a contract only drops what an earlier revision released.
Kind = Literal["expand", "contract"]


@dataclass(frozen=True)
class Migration:
    """One revision as the SQL that every site runs; `after` is the revision before it.

    `contracts`: the revision that released what this one drops, as its module says by `contracts = "..."`; "" for one
    that only adds.
    """

    revision: str
    after: str
    title: str
    contracts: str
    statements: tuple[str, ...]


class UnreadableMigration(Exception):
    """A migration cannot be shown as SQL, or the revision that a site stands at is not among those here."""
