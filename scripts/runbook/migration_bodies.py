"""Migrations as plain JSON: how they travel in a signed request and lie in a plan."""

from collections.abc import Iterable
from typing import Any

from app.migration import Migration
from scripts.runbook.signing import Body

_TEXTS = ("revision", "after", "title", "contracts")


def bodies_of(migrations: Iterable[Migration]) -> list[Body]:
    return [{**vars(migration), "statements": list(migration.statements)} for migration in migrations]


def migrations_of(bodies: Iterable[Body]) -> tuple[Migration, ...]:
    """Rebuild migrations whose shape was looked at before."""
    rebuilt: list[dict[str, Any]] = [{**body, "statements": tuple(body["statements"])} for body in bodies]
    return tuple(Migration(**parts) for parts in rebuilt)


def problem_of_migrations(bodies: object) -> str:
    """Name what makes something no list of migrations; empty when it is one."""
    if not isinstance(bodies, list) or not all(isinstance(body, dict) for body in bodies):
        return "has migrations that are no list of objects"
    for body in bodies:
        texts = [body.get(name) for name in _TEXTS]
        statements = body.get("statements")
        listed = isinstance(statements, list) and all(isinstance(one, str) for one in statements)
        if {*body} != {*_TEXTS, "statements"} or not all(isinstance(text, str) for text in texts) or not listed:
            return "has a migration of another form than this version knows"
    return ""
