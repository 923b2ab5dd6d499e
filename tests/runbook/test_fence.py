"""The fence on a real server: it opens for one epoch and a term, never goes back, and an older epoch changes nothing."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from scripts.runbook import bootstrap, fence, replication, understudies
from scripts.runbook.errors import FenceRefused, ReplicationStuck
from scripts.runbook.rule import Rule
from tests.conftest import RunningPostgres

RULE = Rule.of("gcp", "azure")
NEXT = Rule.of("azure")
Agent = psycopg.Connection


@pytest.fixture(scope="module")
def server(make_postgres: Callable[[str], RunningPostgres]) -> RunningPostgres:
    running = make_postgres("test_fence")
    bootstrap.create_machinery(running.owner_url, "aws", 1, RULE)
    return running


@pytest.fixture
def agent(server: RunningPostgres) -> Iterator[Agent]:
    """Give the agent's connection to a site whose fence is closed at epoch 3, as after a restart."""
    with psycopg.connect(server.agent_url, autocommit=True) as connection:
        connection.execute(
            "UPDATE lifeboat.fence SET epoch = 3, writable = false, valid_until = 'epoch', rule = %s", (RULE.to_json(),)
        )
        yield connection


def writes(agent: Agent) -> bool:
    """Say whether a write through the fence gets in."""
    try:
        fence.beat(agent, "aws", 3)
    except psycopg.Error as refused:
        if refused.sqlstate == "LB001":
            return False
        raise
    return True


def test_a_closed_fence_lets_nothing_in(agent: Agent) -> None:
    """Also through the agent's own heartbeat; reading says the same as the trigger."""
    stands = fence.read(agent)

    assert (stands.site, stands.epoch, stands.writable, stands.open, stands.rule) == ("aws", 3, False, False, RULE)
    assert not writes(agent)


def test_it_opens_for_a_term_under_a_new_epoch_and_rule(agent: Agent) -> None:
    """Until the term is over, by the database's own clock."""
    until = fence.clock(agent) + 60

    fence.open_for(agent, 4, NEXT, until)

    stands = fence.read(agent)
    assert (stands.epoch, stands.open, stands.rule) == (4, True, NEXT)
    assert stands.valid_until == pytest.approx(until, abs=0.001)
    assert writes(agent)


def test_it_closes_by_itself_when_the_term_ends(agent: Agent) -> None:
    """Nobody has to do anything: the row still says writable, and nothing gets in."""
    fence.open_for(agent, 4, NEXT, fence.clock(agent) + 0.3)
    before = writes(agent)

    replication.wait_until(lambda: not fence.read(agent).open, "the term does not end", 5)

    assert before
    assert fence.read(agent).writable
    assert not writes(agent)


def test_an_older_epoch_opens_nothing(agent: Agent) -> None:
    """It is refused by name, and neither epoch nor rule nor term is changed."""
    fence.open_for(agent, 5, NEXT, fence.clock(agent) + 60)
    before = fence.read(agent)

    with pytest.raises(FenceRefused) as refused:
        fence.open_for(agent, 4, RULE, fence.clock(agent) + 600)

    assert str(refused.value) == "aws already knows epoch 5; epoch 4 is over"
    assert fence.read(agent) == before


def test_opening_again_never_shortens_the_term(agent: Agent) -> None:
    """A resumed run may hold an older end of the term than the agent has renewed to."""
    far = fence.clock(agent) + 600
    fence.open_for(agent, 4, NEXT, far)

    fence.open_for(agent, 4, NEXT, far - 500)

    assert fence.read(agent).valid_until == pytest.approx(far, abs=0.001)


def test_a_new_epoch_does_not_inherit_the_old_term(agent: Agent) -> None:
    """Whoever held epoch 4 for ten minutes gives nothing of it to epoch 5."""
    now = fence.clock(agent)
    fence.open_for(agent, 4, RULE, now + 600)

    fence.open_for(agent, 5, NEXT, now + 5)

    assert fence.read(agent).valid_until == pytest.approx(now + 5, abs=0.001)


def test_a_term_that_is_over_opens_nothing_until_it_is_renewed(agent: Agent) -> None:
    """A run that goes on late finds its term used up; the renewal opens the fence."""
    fence.open_for(agent, 4, NEXT, fence.clock(agent) - 1)
    before = writes(agent)

    fence.extend(agent, 4, fence.clock(agent) + 60)

    assert (before, fence.read(agent).open, writes(agent)) == (False, True, True)


def test_a_renewal_moves_the_end_only_forwards(agent: Agent) -> None:
    """A late answer to an earlier renewal takes nothing back."""
    now = fence.clock(agent)
    fence.open_for(agent, 4, NEXT, now + 60)

    fence.extend(agent, 4, now + 90)
    fence.extend(agent, 4, now + 30)

    assert fence.read(agent).valid_until == pytest.approx(now + 90, abs=0.001)


@pytest.mark.parametrize("epoch", [3, 5])
def test_a_renewal_of_another_epoch_changes_nothing(agent: Agent, epoch: int) -> None:
    """Neither of one that is over nor of one that this database has not heard of."""
    fence.open_for(agent, 4, NEXT, fence.clock(agent) + 60)
    before = fence.read(agent)

    fence.extend(agent, epoch, fence.clock(agent) + 600)

    assert fence.read(agent) == before


def test_a_renewal_does_not_open_a_closed_fence(agent: Agent) -> None:
    """The term may run; whether writes open is the runbook's word."""
    fence.extend(agent, 3, fence.clock(agent) + 600)

    assert not fence.read(agent).open
    assert not writes(agent)


def test_closing_takes_effect_at_once_and_twice(agent: Agent) -> None:
    """The term that is left does not matter; closing a closed fence is fine."""
    fence.open_for(agent, 4, NEXT, fence.clock(agent) + 600)

    fence.close(agent)
    fence.close(agent)

    assert not fence.read(agent).open
    assert not writes(agent)


def test_closing_also_stops_what_is_under_way(agent: Agent, server: RunningPostgres) -> None:
    """A transaction that wrote before the fence closed is refused at its commit."""
    fence.open_for(agent, 4, NEXT, fence.clock(agent) + 600)
    with psycopg.connect(server.agent_url) as other:
        fence.beat(other, "late", 4)

        fence.close(agent)

        with pytest.raises(psycopg.Error) as refused:
            other.commit()
    assert refused.value.sqlstate == "LB001"
    assert agent.execute("SELECT count(*) FROM lifeboat.heartbeat WHERE site = 'late'").fetchone() == (0,)


def test_a_new_epoch_is_adopted_closed(agent: Agent) -> None:
    """From the moment a site hears of it, the old epoch's open fence is closed and its renewals are void."""
    now = fence.clock(agent)
    fence.open_for(agent, 4, RULE, now + 600)

    fence.adopt(agent, 5)
    fence.extend(agent, 4, now + 900)

    stands = fence.read(agent)
    assert (stands.epoch, stands.writable, stands.open, stands.valid_until) == (5, False, False, 0)
    assert not writes(agent)


@pytest.mark.parametrize("epoch", [3, 4])
def test_adopting_what_is_known_or_over_changes_nothing(agent: Agent, epoch: int) -> None:
    """An agent that reads the register again, or an old answer, must not close an open fence."""
    fence.open_for(agent, 4, NEXT, fence.clock(agent) + 60)
    before = fence.read(agent)

    fence.adopt(agent, epoch)

    assert fence.read(agent) == before


def test_nobody_but_the_agent_opens_it(agent: Agent, server: RunningPostgres) -> None:
    """The app reads the fence, and may not write it."""
    with psycopg.connect(server.url, autocommit=True) as app:
        seen = fence.read(app)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            fence.open_for(app, 9, RULE, fence.clock(app) + 60)

    assert seen == fence.read(agent)


def test_a_heartbeat_counts_on(agent: Agent) -> None:
    """Each one is one more, under the epoch of the moment."""
    fence.open_for(agent, 4, NEXT, fence.clock(agent) + 60)
    fence.beat(agent, "gcp", 4)
    first = agent.execute("SELECT beat, epoch FROM lifeboat.heartbeat WHERE site = 'gcp'").fetchone()

    fence.beat(agent, "gcp", 5)

    assert first == (1, 4)
    assert agent.execute("SELECT beat, epoch FROM lifeboat.heartbeat WHERE site = 'gcp'").fetchone() == (2, 5)


def test_an_acknowledgement_waits_for_the_slots_that_the_rule_names(agent: Agent) -> None:
    """Without a standby only the single copy is acknowledged; one confirmation of two is enough, another site's none."""
    fence.open_for(agent, 4, NEXT, fence.clock(agent) + 60)
    fence.beat(agent, "aws", 4)
    with pytest.raises(ReplicationStuck, match=r"^too few of gcp and azure confirm what is written here"):
        fence.acknowledge(agent, RULE, 0.2)

    fence.acknowledge(agent, Rule.single_copy(), 0.2)
    # A slot made now stands at the end of the log: as if its site had confirmed everything until here.
    understudies.ensure_slot(agent, "azure")
    try:
        fence.acknowledge(agent, RULE, 0.2)
        fence.acknowledge(agent, NEXT, 0.2)
        for short in (Rule.of("gcp", "azure", needed=2), Rule.of("gcp"), Rule(())):
            with pytest.raises(ReplicationStuck):
                fence.acknowledge(agent, short, 0.1)
        fence.beat(agent, "aws", 4)
        with pytest.raises(ReplicationStuck):
            fence.acknowledge(agent, NEXT, 0.1)
    finally:
        agent.execute("SELECT pg_drop_replication_slot('to_azure')")


def test_a_database_that_was_never_made_a_site_says_so(agent: Agent, server: RunningPostgres) -> None:
    """There is no fence row: one sentence instead of a missing column."""
    with psycopg.connect(server.owner_url) as owner:
        owner.execute("DELETE FROM lifeboat.fence")
        with pytest.raises(FenceRefused, match="was never made a site"):
            fence.read(owner)
        owner.rollback()
