"""Two real servers that change places: each failover leaves the old primary with a tail of its own."""

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import psycopg

from scripts.runbook import bootstrap, fence, replication, rewind, salvage, takeovers, understudies
from scripts.runbook.errors import RewindRefused
from scripts.runbook.replication import Following, slot_name
from scripts.runbook.return_talk import Answer, Ask
from scripts.runbook.rule import Rule
from scripts.runbook.salvage import Salvage
from scripts.runbook.tail import Tail, asked_tables, own_rows, read_tail
from scripts.runbook.welcome import welcome
from tests.conftest import RunningPostgres

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


class Pair:
    """Two sites of which one is primary and the other follows; they change places again and again."""

    def __init__(self, aws: Site, gcp: Site) -> None:
        self.primary, self.standby, self.epoch = aws, gcp, 1
        aws.open(1)
        replication.follow(gcp.agent, gcp.name, Following(aws.name, 1), aws.conninfo, copy=True)
        replication.wait_until_copied(gcp.agent)
        for site in (aws, gcp):
            understudies.ensure_slot(site.agent, "azure")

    def take_over(self) -> None:
        """The standby takes over on the databases alone, in the runbook's order; the old primary knows nothing of it."""
        old, new = self.primary, self.standby
        self.epoch += 1
        replication.stop_applying(new.agent, old.name)
        understudies.ensure_slot(new.agent, old.name)
        position = understudies.applied_position(new.agent, old.name)
        takeovers.note_taking_over(new.agent, old.name, position, self.epoch)
        replication.stop_following(new.agent)
        new.open(self.epoch)
        self.primary, self.standby = new, old

    def look_back(self) -> tuple[Tail, Answer, Salvage | None]:
        """Fence the old primary, read its tail, ask the new one, and make the report."""
        old, new = self.standby, self.primary
        fence.close(old.agent)
        took = takeovers.taken_over(new.agent, self.epoch)
        assert took
        tail = read_tail(old.agent, slot_name(new.name), took.position, None)
        ask = Ask.of(old.name, new.name, self.epoch, None, tables=asked_tables(old.agent, tail))
        answer = welcome(new.agent, ask)
        if answer.refusal:
            return tail, answer, None
        own = own_rows(old.agent, tail)
        return tail, answer, salvage.report(old.name, new.name, self.epoch, took.position, tail, own, answer, 0)

    def rewind(self, tail: Tail, answer: Answer) -> None:
        rewind.rewind(
            self.standby.agent, salvage.replacements(tail, own_rows(self.standby.agent, tail), answer), self.epoch
        )

    def come_back(self) -> Salvage:
        """Rewind the old primary and let it follow; return the report that was made before."""
        tail, answer, report = self.look_back()
        assert report is not None
        before = self.standby.holds()
        try:
            self.rewind(tail, answer)
        except RewindRefused:  # two rows have exchanged a unique value, in the tail or since the fork
            assert self.standby.holds() == before
            self.copy()
        else:
            self.follow(copy=False)
            rewind.validate(self.standby.agent)
        return report

    def copy(self) -> None:
        """Read everything anew."""
        site = self.standby
        rewind.empty(site.agent, TABLES)
        understudies.drop_slot(site.agent, self.primary.name)
        welcome(self.primary.agent, Ask.of(site.name, self.primary.name, self.epoch, None, copy=True))
        self.follow(copy=True)
        replication.wait_until_copied(site.agent)

    def follow(self, *, copy: bool) -> None:
        new = Following(self.primary.name, self.epoch)
        replication.follow(self.standby.agent, self.standby.name, new, self.primary.conninfo, copy=copy)
        self.primary.is_confirmed_by(self.standby.name)
