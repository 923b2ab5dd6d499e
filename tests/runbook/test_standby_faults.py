"""Why a standby's word must not count, on two real servers: its slot vanished, or its subscription ends in an error."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import LiteralString

import psycopg
import pytest
from psycopg import sql

from scripts.runbook import health, replication, understudies
from scripts.runbook.confirmations import RETURN_SECONDS, Confirmations, Standby, wanted_rule
from scripts.runbook.rule import Rule
from scripts.runbook.standby_faults import slot_fault
from tests.conftest import RunningPostgres
from tests.runbook.pairs import Pair, Site, act

BOTH, AZURE = Rule.of("gcp", "azure"), Rule.of("azure")
WELL = Standby(owing=0.0, in_step=60.0)


@pytest.fixture(scope="module")
def pair(make_postgres: Callable[[str], RunningPostgres]) -> Iterator[Pair]:
    with ExitStack() as stack:
        yield Pair(*(Site(name, make_postgres(name), stack) for name in ("aws", "gcp")))


class Looks:
    """What the primary's agent sees of gcp, look by look, and which rule it then wants; azure is always well."""

    def __init__(self, primary: psycopg.Connection) -> None:
        self.primary, self.confirmations, self.now = primary, Confirmations(), 0.0

    def wanted(self, rule: Rule, seconds: float) -> Rule:
        """Look twice a second for so long, and return the rule that is wanted at the end."""
        end = self.now + seconds
        while self.now < end:
            self.now += 0.5
            rule = wanted_rule(rule, {"gcp": self._gcp(), "azure": WELL})
        return rule

    def _gcp(self) -> Standby:
        log_end, slots = understudies.view(self.primary).log, understudies.slots(self.primary)
        slot = slots.get("to_gcp")
        self.confirmations.observe(self.now, log_end, {"gcp": slot.confirmed} if slot else {})
        return Standby(
            self.confirmations.owing("gcp", self.now), self.confirmations.in_step("gcp", self.now), slot_fault(slot)
        )


def lose_slot(pair: Pair) -> None:
    """Let the slot be gone, as on a server that took over from another one without it."""
    pair.standby.agent.execute("ALTER SUBSCRIPTION lifeboat_from_aws DISABLE")
    understudies.drop_slot(pair.primary.agent, "gcp")
    pair.standby.agent.execute("ALTER SUBSCRIPTION lifeboat_from_aws ENABLE")


def past_the_fence(site: Site, statement: LiteralString) -> None:
    """Change a row of a site as only the tables' owner can."""
    tables = ("person", "post", "liking")
    with psycopg.connect(site.running.owner_url) as owner:
        for table in tables:
            owner.execute(sql.SQL("ALTER TABLE {} DISABLE TRIGGER USER").format(sql.Identifier(table)))
        owner.execute(statement)
        for table in tables:
            owner.execute(sql.SQL("ALTER TABLE {} ENABLE TRIGGER USER").format(sql.Identifier(table)))


def test_a_subscription_that_ends_in_an_error_says_so_until_it_goes_on(pair: Pair) -> None:
    """A row in its way ends the worker again and again; with the row gone, the next one goes on and nothing is lost."""
    standby, made = pair.standby, act("INSERT INTO person (id, name) VALUES (7, 'in the way')")
    past_the_fence(standby, "INSERT INTO person (id, name) VALUES (7, 'in the way')")
    pair.primary.does(made)
    said: list[str] = []

    def stands_still() -> bool:
        said.extend(health.trouble(standby.agent))
        return bool(said)

    replication.wait_until(stands_still, "nobody says that it stands still", 90)
    past_the_fence(standby, "DELETE FROM person WHERE id = 7")
    pair.primary.is_confirmed_by("gcp")

    (trouble,) = said
    assert trouble.startswith("its subscription lifeboat_from_aws applies nothing after ")
    assert health.trouble(standby.agent) == ()
    assert standby.holds() == pair.primary.holds()


def test_a_standby_whose_slot_vanished_leaves_at_once_and_comes_back_by_a_copy_alone(pair: Pair) -> None:
    """Its subscription asks for the slot again and again and makes none, so nothing can be passed over in silence."""
    looks = Looks(pair.primary.agent)
    assert looks.wanted(BOTH, 1) == BOTH

    lose_slot(pair)
    pair.primary.does(act("INSERT INTO person (id, name) VALUES (1, 'after the failover')"))
    left = looks.wanted(BOTH, 0.5)
    later = looks.wanted(left, 60)
    missing = pair.standby.holds() != pair.primary.holds()
    replication.stop_following(pair.standby.agent)
    pair.copy()
    too_early = looks.wanted(later, RETURN_SECONDS / 2)
    back = looks.wanted(too_early, RETURN_SECONDS)

    assert (left, later, missing, too_early, back) == (AZURE, AZURE, True, AZURE, BOTH)
    assert pair.standby.holds() == pair.primary.holds()
