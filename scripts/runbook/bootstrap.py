"""Makes an empty database a Lifeboat site's: roles, machinery, the app's tables, the fence on each, the publication."""

from dataclasses import dataclass
from importlib import resources
from typing import LiteralString, cast

import psycopg
from psycopg import sql

from app import migrate
from scripts.runbook.replication import PUBLICATION
from scripts.runbook.rule import Rule

# How a role may replicate is the one thing the three managed services do differently (research: clouds, section 1).
REPLICATION_SEAMS: dict[str, LiteralString] = {
    "attribute": "ALTER ROLE lifeboat_agent REPLICATION; ALTER ROLE lifeboat_replication REPLICATION",
    "rds": "GRANT rds_replication TO lifeboat_agent, lifeboat_replication",
}


@dataclass(frozen=True)
class RolePasswords:
    """The passwords of one site's four roles."""

    owner: str
    app: str
    agent: str
    replication: str


def create_roles(admin_url: str, passwords: RolePasswords, seam: str = "attribute") -> None:
    """Create the four roles, as the service's admin; nothing in it needs a superuser."""
    words = {f"{role}_password": sql.Literal(password) for role, password in vars(passwords).items()}
    statement = sql.SQL(_script("roles.sql")).format(replication_seam=sql.SQL(REPLICATION_SEAMS[seam]), **words)
    with psycopg.connect(admin_url) as connection:
        connection.execute(statement)


def create_machinery(owner_url: str, site: str, epoch: int, rule: Rule) -> None:
    """Create the schema `lifeboat` and this site's fence row, closed until an agent holds the lease."""
    with psycopg.connect(owner_url) as connection:
        connection.execute(_script("machinery.sql"))
        connection.execute(
            "INSERT INTO lifeboat.fence (site, epoch, writable, valid_until, rule) VALUES (%s, %s, false, 'epoch', %s)",
            (site, epoch, rule.to_json()),
        )


def migrate_app(owner_url: str) -> None:
    """Run the app's migrations, then fence and publish every replicated table."""
    migrate.upgrade(owner_url)
    with psycopg.connect(owner_url) as connection:
        tables = [f"public.{table}" for table in migrate.replicated_tables()]
        for table in tables:
            connection.execute("SELECT lifeboat.guard(%s::regclass)", (table,))
        publish(connection, [*tables, "lifeboat.heartbeat"])


def publish(connection: psycopg.Connection, tables: list[str]) -> None:
    """Make the publication exactly these tables: FOR ALL TABLES would need a superuser."""
    names = sql.SQL(", ").join(sql.Identifier(*table.split(".")) for table in tables)
    known = connection.execute("SELECT 1 FROM pg_publication WHERE pubname = %s", (PUBLICATION,)).fetchone()
    act = "ALTER PUBLICATION {} SET TABLE {}" if known else "CREATE PUBLICATION {} FOR TABLE {}"
    connection.execute(sql.SQL(act).format(sql.Identifier(PUBLICATION), names))


def _script(name: str) -> LiteralString:
    """Return one of this package's own scripts: as trusted as the literals in this file."""
    return cast(LiteralString, resources.files("scripts.runbook").joinpath("sql", name).read_text())
