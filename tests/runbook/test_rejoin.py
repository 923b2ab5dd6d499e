"""A site that came back with a tail of its own: what it alone had is reported, and both sites end with the same rows."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scripts.runbook import bootstrap, fence, replication, rewind, salvage, understudies
from scripts.runbook.replication import Following, slot_name
from scripts.runbook.return_talk import Answer, Ask, asked_tables
from scripts.runbook.rewind import columns_of, read_rows
from scripts.runbook.rule import Rule
from scripts.runbook.salvage import Salvage
from scripts.runbook.tail import Tail, read_tail
from scripts.runbook.welcome import welcome
from tests.conftest import RunningPostgres

FULL = os.environ.get("LIFEBOAT_FULL") == "1"
RULE = Rule.of("aws", "gcp")
TABLES = ("public.person", "public.post", "public.liking", "lifeboat.heartbeat")
SCHEMA = """
CREATE TABLE person (id int PRIMARY KEY, name text UNIQUE, about text, at timestamptz DEFAULT clock_timestamp(),
                     weight float8, shout text GENERATED ALWAYS AS (upper(name)) STORED);
CREATE TABLE post (id uuid PRIMARY KEY, person_id int NOT NULL REFERENCES person ON DELETE CASCADE,
                   reply_to uuid REFERENCES post ON DELETE SET NULL, body text, raw bytea, extra json);
CREATE TABLE liking (person_id int REFERENCES person ON DELETE CASCADE, post_id uuid REFERENCES post ON DELETE CASCADE,
                     PRIMARY KEY (person_id, post_id));
ALTER TABLE person ALTER about SET STORAGE EXTERNAL;
"""


class Site:
    """A server with the tables above, guarded and published."""

    def __init__(self, name: str, running: RunningPostgres, stack: ExitStack) -> None:
        self.name, self.running = name, running
        bootstrap.create_machinery(running.owner_url, name, 1, RULE)
        with psycopg.connect(running.owner_url) as owner:
            owner.execute(SCHEMA)
            for table in TABLES[:-1]:
                owner.execute("SELECT lifeboat.guard(%s::regclass)", (table,))
            bootstrap.publish(owner, list(TABLES))
        self.agent = stack.enter_context(psycopg.connect(running.agent_url, autocommit=True))
        self.app = stack.enter_context(psycopg.connect(running.url, autocommit=True))

    @property
    def conninfo(self) -> str:
        return self.running.server.url("lifeboat_replication", self.running.passwords.replication, verify=False)

    def open(self, epoch: int) -> None:
        fence.open_for(self.agent, epoch, RULE, fence.clock(self.agent) + 3600)

    def does(self, *acts: "Act") -> None:
        """Do each act in a transaction of its own; one that the constraints refuse changes nothing."""
        for act in acts:
            with self.app.transaction():
                for statement, values in act.statements:
                    try:
                        with self.app.transaction():
                            self.app.execute(statement, values)
                    except psycopg.errors.IntegrityError:
                        continue

    def holds(self) -> dict[str, list[str]]:
        return {
            table: [row for (row,) in self.agent.execute(f"SELECT row_to_json(t)::text FROM {table} t ORDER BY 1")]
            for table in TABLES
        }

    def is_confirmed_by(self, follower: str) -> None:
        """Wait until a follower has everything that was committed here."""
        end = understudies.view(self.agent).log
        replication.wait_until(
            lambda: understudies.slots(self.agent)[slot_name(follower)].confirmed >= end, f"{follower} is behind"
        )


@dataclass(frozen=True)
class Act:
    """A transaction: some statements with their values."""

    statements: tuple[tuple[Any, tuple[Any, ...]], ...]


def act(statement: str, *values: Any) -> Act:
    return Act(((statement, values),))


def _id(number: int) -> str:
    return f"00000000-0000-7000-8000-{number:012d}"


class Long(str):
    """A text that PostgreSQL keeps outside the row, and that a failing example does not print whole."""

    def __repr__(self) -> str:
        return f"Long({self[0]!r})"


def may_do(statement: str, *values: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[str, tuple[Any, ...]]]:
    return st.tuples(st.just(statement), st.tuples(*values))


PEOPLE, POSTS = st.integers(1, 4), st.integers(1, 5).map(_id)
MAYBE_POSTS = st.none() | POSTS
WORDS = st.sampled_from(["bob", "eve", "", 'q"u,o(te', Long("x" * 9000), Long("y" * 9000), "Zürich \\ \n"])
STATEMENTS = st.one_of(
    may_do("INSERT INTO person (id, name, about, weight) VALUES (%s, %s, %s, 0.1)", PEOPLE, WORDS, WORDS),
    may_do("UPDATE person SET name = %s WHERE id = %s", WORDS, PEOPLE),
    may_do("UPDATE person SET about = %s, weight = 'NaN' WHERE id = %s", WORDS, PEOPLE),
    may_do("UPDATE person SET id = %s WHERE id = %s", PEOPLE, PEOPLE),
    may_do("DELETE FROM person WHERE id = %s", PEOPLE),
    may_do("INSERT INTO post VALUES (%s, %s, %s, %s, 'raw', '{\"b\":1,  \"a\":2}')", POSTS, PEOPLE, MAYBE_POSTS, WORDS),
    may_do("UPDATE post SET body = %s, reply_to = %s WHERE id = %s", WORDS, MAYBE_POSTS, POSTS),
    may_do("UPDATE post SET person_id = %s WHERE id = %s", PEOPLE, POSTS),
    may_do("DELETE FROM post WHERE id = %s", POSTS),
    may_do("INSERT INTO liking VALUES (%s, %s)", PEOPLE, POSTS),
    may_do("DELETE FROM liking WHERE person_id = %s AND post_id = %s", PEOPLE, POSTS),
)
ACTS = st.lists(st.builds(Act, st.lists(STATEMENTS, min_size=1, max_size=3).map(tuple)), max_size=12)


class Pair:
    """Two sites of which one is primary and the other follows; they change places again and again."""

    def __init__(self, aws: Site, gcp: Site) -> None:
        self.primary, self.standby, self.epoch = aws, gcp, 1
        aws.open(1)
        replication.follow(gcp.agent, gcp.name, Following(aws.name, 1), aws.conninfo, copy=True)
        replication.wait_until_copied(gcp.agent)
        understudies.ensure_slot(gcp.agent, "azure")

    def take_over(self) -> None:
        """The standby takes over on the databases alone, in the runbook's order; the old primary knows nothing of it."""
        old, new = self.primary, self.standby
        self.epoch += 1
        replication.stop_applying(new.agent, old.name)
        understudies.ensure_slot(new.agent, old.name)
        position = understudies.applied_position(new.agent, old.name)
        understudies.note_taking_over(new.agent, old.name, position, self.epoch)
        replication.stop_following(new.agent)
        new.open(self.epoch)
        self.primary, self.standby = new, old

    def look_back(self) -> tuple[Tail, Answer, Salvage]:
        """Fence the old primary, read its tail, ask the new one, and make the report."""
        old, new = self.standby, self.primary
        fence.close(old.agent)
        took = understudies.taken_over(new.agent, self.epoch)
        assert took
        tail = read_tail(old.agent, slot_name(new.name), took.position, None)
        columns = {name: columns_of(old.agent, name) for name in tail.tables}
        ask = Ask.of(old.name, new.name, self.epoch, None, tables=asked_tables(tail, columns))
        answer = welcome(new.agent, ask)
        own = {name: read_rows(old.agent, name, one.key_columns, one.rows) for name, one in tail.tables.items()}
        return tail, answer, salvage.report(old.name, new.name, self.epoch, took.position, tail, own, answer, 0)

    def come_back(self) -> Salvage:
        """Rewind the old primary and let it follow; return the report that was made before."""
        tail, answer, report = self.look_back()
        assert not answer.refusal
        rewind.rewind(self.standby.agent, salvage.replacements(tail, answer), self.epoch)
        self.follow()
        rewind.validate(self.standby.agent)
        return report

    def follow(self) -> None:
        replication.follow(
            self.standby.agent, self.standby.name, Following(self.primary.name, self.epoch), self.primary.conninfo,
            copy=False)  # fmt: skip
        self.primary.is_confirmed_by(self.standby.name)


@pytest.fixture(scope="module")
def pair(make_postgres: Callable[[str], RunningPostgres]) -> Iterator[Pair]:
    with ExitStack() as stack:
        yield Pair(*(Site(name, make_postgres(name), stack) for name in ("aws", "gcp")))


def differing(before: dict[str, list[str]], after: dict[str, list[str]]) -> int:
    """Count the rows of people's tables that are in one of two states and not in the other."""
    return sum(len(set(before[table]) ^ set(after[table])) for table in TABLES[:-1])


@settings(max_examples=400 if FULL else 20, deadline=None, suppress_health_check=list(HealthCheck))
@given(common=ACTS, tail=ACTS, since=ACTS)
def test_whatever_a_site_alone_did_both_end_with_the_same_rows(
    pair: Pair, common: list[Act], tail: list[Act], since: list[Act]
) -> None:
    """After a rejoin every table is equal, and every row in which the two differed at the fork is in the report."""
    pair.primary.does(*common)
    pair.primary.is_confirmed_by(pair.standby.name)
    fork = pair.primary.holds()
    pair.take_over()
    pair.standby.does(*tail)
    alone = pair.standby.holds()
    pair.primary.does(*since)

    report = pair.come_back()

    assert pair.standby.holds() == pair.primary.holds()
    reported = {(row.table, tuple(row.key.values())) for row in report.rows}
    assert keys_of(alone, fork) <= reported


def keys_of(one: dict[str, list[str]], other: dict[str, list[str]]) -> set[tuple[str, tuple[str, ...]]]:
    """Return the keys of the rows that are in one of two states and not, or not alike, in the other."""
    names = {"public.person": ["id"], "public.post": ["id"], "public.liking": ["person_id", "post_id"]}
    rows = {table: [json.loads(row) for row in set(one[table]) ^ set(other[table])] for table in names}
    return {(table, tuple(str(row[name]) for name in names[table])) for table in names for row in rows[table]}
