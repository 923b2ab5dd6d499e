"""Three real servers: joining from empty, keeping the way back open, and following a new primary without a copy."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg
import pytest

from scripts.runbook import bootstrap, replication, understudies
from scripts.runbook.errors import SlotTooYoung
from scripts.runbook.replication import Following
from scripts.runbook.rule import Rule
from tests.conftest import RunningPostgres

RULE = Rule.from_json([{"sync": ["gcp", "azure"], "needed": 1}])


class Site:
    """A server with an agent's connection and a table of its own."""

    def __init__(self, name: str, running: RunningPostgres, stack: ExitStack) -> None:
        self.name, self.running = name, running
        bootstrap.create_machinery(running.owner_url, name, 1, RULE)
        with psycopg.connect(running.owner_url) as owner:
            owner.execute("CREATE TABLE post (id int PRIMARY KEY, body text)")
            owner.execute("SELECT lifeboat.guard('post')")
            bootstrap.publish(owner, ["public.post", "lifeboat.heartbeat"])
        self.agent = stack.enter_context(psycopg.connect(running.agent_url, autocommit=True))

    @property
    def conninfo(self) -> str:
        running = self.running
        return running.server.url("lifeboat_replication", running.passwords.replication, verify=False)

    def open(self, epoch: int) -> None:
        self.agent.execute(
            "UPDATE lifeboat.fence SET writable = true, epoch = %s, valid_until = now() + interval '1 hour'", (epoch,)
        )

    def write(self, *numbers: int) -> None:
        with psycopg.connect(self.running.url, autocommit=True) as app:
            for number in numbers:
                app.execute("INSERT INTO post VALUES (%s, 'x')", (number,))

    def has(self) -> list[int]:
        with psycopg.connect(self.running.url) as app:
            return [number for (number,) in app.execute("SELECT id FROM post ORDER BY id")]

    def waits_for(self, *numbers: int) -> None:
        replication.wait_until(lambda: set(numbers) <= set(self.has()), f"{self.name} lacks {numbers}")


Trio = dict[str, Site]


@pytest.fixture
def trio(make_postgres: Callable[[str], RunningPostgres]) -> Iterator[Trio]:
    """Give aws as primary with row 0, and two standbys joined from empty with understudy slots for each other."""
    with ExitStack() as stack:
        sites = {name: Site(name, make_postgres(name), stack) for name in ("aws", "gcp", "azure")}
        sites["aws"].open(1)
        sites["aws"].write(0)
        for name, other in (("gcp", "azure"), ("azure", "gcp")):
            replication.follow(sites[name].agent, name, Following("aws", 1), sites["aws"].conninfo, copy=True)
            replication.wait_until_copied(sites[name].agent)
            understudies.ensure_slot(sites[name].agent, other)
        yield sites


def prove(trio: Trio) -> None:
    """Let each standby see that its slot for the other reaches back to something the other has."""
    positions = {name: understudies.applied_position(trio[name].agent, "aws") for name in ("gcp", "azure")}
    for name, other in (("gcp", "azure"), ("azure", "gcp")):
        understudies.keep_understudies(trio[name].agent, "aws", {other: positions[other]})


def end_primary(trio: Trio) -> None:
    process = trio["aws"].running.process
    assert process
    process.kill()
    process.wait(10)


def take_over(trio: Trio, to: str, other: str, *, begun_again: bool = False) -> None:
    """The moves of a failover on the databases alone, in the runbook's order; `begun_again`: killed when it had the tail."""
    new, rest = trio[to], trio[other]
    for site in (new, rest):
        replication.stop_applying(site.agent, "aws")
    positions = {name: understudies.applied_position(trio[name].agent, "aws") for name in (to, other)}
    if positions[other] > positions[to]:
        understudies.prepare_slot(rest.agent, to, "aws", positions[to], 2)
        replication.subscribe(new.agent, to, other, rest.conninfo, copy=False)
        new.waits_for(*rest.has())
        replication.stop_applying(new.agent, other)
    if begun_again:
        positions = {name: understudies.applied_position(trio[name].agent, "aws") for name in (to, other)}
    understudies.prepare_slot(new.agent, other, "aws", positions[other], 2)
    replication.stop_following(new.agent)
    replication.forget(rest.agent, "aws")
    replication.follow(rest.agent, other, Following(to, 2), new.conninfo, copy=False)
    new.open(2)


def test_a_standby_joins_from_empty_and_follows(trio: Trio) -> None:
    """It copies what was there and applies what comes after, past its own closed fence."""
    trio["aws"].write(1, 2)

    for name in ("gcp", "azure"):
        trio[name].waits_for(0, 1, 2)


def test_a_standby_refuses_writes(trio: Trio) -> None:
    """The app role cannot write past a closed fence, by statement, COPY or TRUNCATE."""
    with psycopg.connect(trio["gcp"].running.url, autocommit=True) as app:
        with pytest.raises(psycopg.Error) as refused:
            app.execute("INSERT INTO post VALUES (9, 'no')")
        with pytest.raises(psycopg.Error) as copy_refused, app.cursor().copy("COPY post FROM STDIN") as copy:
            copy.write_row((9, "no"))

    assert refused.value.sqlstate == copy_refused.value.sqlstate == "LB001"


def test_a_follower_goes_on_where_the_primary_is_now(trio: Trio) -> None:
    """It reads from the address it is told, loses nothing, and is not disturbed by being told the same again."""
    gcp, workers = trio["gcp"], "SELECT pid FROM pg_stat_subscription WHERE subname = 'lifeboat_from_aws'"
    moved = trio["aws"].conninfo.replace("127.0.0.1", "localhost")

    replication.reconnect(gcp.agent, "aws", moved)
    trio["aws"].write(1)
    gcp.waits_for(1)
    before = gcp.agent.execute(workers).fetchall()
    replication.reconnect(gcp.agent, "aws", moved)
    replication.reconnect(gcp.agent, "azure", moved)
    trio["aws"].write(2)
    gcp.waits_for(2)

    assert gcp.agent.execute(workers).fetchall() == before
    assert replication.subscriptions(gcp.agent) == ["lifeboat_from_aws"]


def test_a_transaction_that_outlives_the_lease_does_not_commit(trio: Trio) -> None:
    """The fence is checked again at commit: a statement that passed in time is refused when the lease ended meanwhile."""
    with psycopg.connect(trio["aws"].running.url) as app:
        app.execute("INSERT INTO post VALUES (7, 'late')")
        trio["aws"].agent.execute("UPDATE lifeboat.fence SET valid_until = now() - interval '1 second'")
        with pytest.raises(psycopg.Error) as refused:
            app.commit()

    assert refused.value.sqlstate == "LB001"


@pytest.mark.parametrize("begun_again", [False, True])
@pytest.mark.parametrize(("to", "other"), [("gcp", "azure"), ("azure", "gcp")])
def test_the_third_site_follows_the_new_primary_without_a_copy(
    trio: Trio, to: str, other: str, begun_again: bool
) -> None:
    """One standby is behind; whichever of them takes over, both end with every row, and the tail is not copied twice."""
    trio["aws"].write(1)
    for name in ("gcp", "azure"):
        trio[name].waits_for(1)
    prove(trio)
    replication.stop_applying(trio["azure"].agent, "aws")
    trio["aws"].write(*range(2, 40))
    trio["gcp"].waits_for(*range(40))
    understudies.keep_understudies(trio["gcp"].agent, "aws", {})
    end_primary(trio)

    take_over(trio, to, other, begun_again=begun_again)
    trio[to].write(100, 101)

    trio[other].waits_for(*range(40), 100, 101)
    assert trio["gcp"].has() == trio["azure"].has() == [*range(40), 100, 101]


def test_a_slot_that_may_begin_too_late_is_refused(trio: Trio) -> None:
    """A follower that has nothing the slot was ever seen to reach back to might miss something, so it is not served."""
    replication.stop_applying(trio["azure"].agent, "aws")
    trio["aws"].write(1, 2)
    trio["gcp"].waits_for(1, 2)

    with pytest.raises(SlotTooYoung):
        understudies.prepare_slot(trio["gcp"].agent, "azure", "aws", 0, 2)

    assert not understudies.is_prepared(trio["gcp"].agent, "azure", 2)


def test_two_may_look_into_one_slot(trio: Trio) -> None:
    """The agent and a runbook look into the same slot at once: each waits its moment, and nobody seems to follow by it."""
    trio["aws"].write(*range(1, 5))
    trio["gcp"].waits_for(*range(5))
    gcp = trio["gcp"]
    seen: list[int] = []

    def look() -> None:
        with psycopg.connect(gcp.running.agent_url, autocommit=True) as other:
            seen.extend(len(understudies.peek(other, "to_azure")) for _ in range(60))

    thread = threading.Thread(target=look)
    thread.start()
    active = [
        understudies.slots(gcp.agent)["to_azure"].active for _ in range(60) if understudies.peek(gcp.agent, "to_azure")
    ]
    thread.join()

    assert len(seen) == len(active) == 60
    assert not any(active)


def test_the_upkeep_advances_only_past_what_the_follower_has(trio: Trio) -> None:
    """An understudy slot moves to the follower's position, and this site's own position survives the advance."""
    trio["aws"].write(*range(1, 10))
    for name in ("gcp", "azure"):
        trio[name].waits_for(*range(10))
    gcp, azure = trio["gcp"].agent, trio["azure"].agent
    before = understudies.slots(gcp)["to_azure"].confirmed
    position = understudies.applied_position(gcp, "aws")

    understudies.keep_understudies(gcp, "aws", {"azure": 0})
    unmoved = understudies.slots(gcp)["to_azure"].confirmed
    understudies.keep_understudies(gcp, "aws", {"azure": understudies.applied_position(azure, "aws")})

    assert unmoved == before
    assert understudies.slots(gcp)["to_azure"].confirmed > before
    assert understudies.peek(gcp, "to_azure") == []
    assert understudies.applied_position(gcp, "aws") == position > 0


def test_a_slot_that_goes_takes_no_position_with_it(trio: Trio) -> None:
    """A standby whose only understudy slot is dropped for its log still knows how far it has applied its primary."""
    trio["aws"].write(1, 2, 3)
    trio["gcp"].waits_for(1, 2, 3)
    agent = trio["gcp"].agent
    before = understudies.applied_position(agent, "aws")

    understudies.note_applied(agent, "aws")
    understudies.drop_slot(agent, "azure")

    assert understudies.slots(agent) == {}
    assert understudies.applied_position(agent, "aws") == before > 0


def test_applying_stops_while_a_dead_primary_makes_worker_after_worker(
    make_postgres: Callable[[str], RunningPostgres],
) -> None:
    """A worker that has only just begun belongs to nobody, and may not be ended: that stops no takeover."""
    running = make_postgres("lonely")
    name = replication.subscription_name("aws")
    with psycopg.connect(running.agent_url, autocommit=True) as agent:
        agent.execute(
            f"CREATE SUBSCRIPTION {name} CONNECTION 'host=127.0.0.1 port=1 password=x dbname=x' PUBLICATION p "
            "WITH (connect = false, slot_name = NONE)"
        )
        agent.execute(f"ALTER SUBSCRIPTION {name} SET (slot_name = gone)")
        seen = 0
        for _ in range(25):
            agent.execute(f"ALTER SUBSCRIPTION {name} ENABLE")
            deadline = time.monotonic() + 3
            while not replication._workers(agent, "aws") and time.monotonic() < deadline:
                pass
            seen += bool(replication._workers(agent, "aws"))
            replication.stop_applying(agent, "aws")
            assert not replication._workers(agent, "aws")

    assert seen
