"""What an agent does with what lies under the operators' names: takes it on once, or refuses it where everybody sees it."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import obstore
import psycopg
import pytest
from obstore.store import LocalStore

from scripts.runbook import answers, commissions, operator_keys, requests
from scripts.runbook.agent.candidate import take_up_late_hand_over
from scripts.runbook.agent.request_reader import read_requests
from scripts.runbook.agent.state import FOLLOW_SECONDS, MOVING_SECONDS, Agent
from scripts.runbook.answers import Answer, Kind
from scripts.runbook.commissions import Commission
from scripts.runbook.lease import LeaseRecord
from scripts.runbook.requests import Request, Wish
from scripts.runbook.rule import Rule
from scripts.runbook.signing import Signer
from scripts.runbook.sites import Platform
from tests.conftest import RunningPostgres
from tests.runbook.platforms import platform_of_gcp

PLAN = {"old": "aws", "new": "gcp", "evidence": []}


class Desk:
    """gcp's agent over a real database and stores that are folders, and two operators who write into them."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        self.platform, self.folder = platform, folder
        self.me = operator_keys.signer_here(platform)
        self.ana = operator_keys.add(platform, "ana")
        self.agents: list[Agent] = []
        self.agent = self.started()

    def close(self) -> None:
        for agent in self.agents:
            agent.run_database.close()
            agent.rule_database.close()

    def started(self) -> Agent:
        """Return a new process's agent."""
        agent = Agent(self.platform, "gcp")
        agent.stores.stores = {name: LocalStore(self.folder / name, mkdir=True) for name in self.platform.sites}
        self.agents.append(agent)
        return agent

    def request(self, wish: Wish = Wish("failover", "gcp"), operator: str = "", **changes: object) -> Request:  # noqa: B008
        made = Request.make(self.platform.cluster, operator or self.me.name, wish, "aws", 1, PLAN)
        return replace(made, **changes)  # type: ignore[arg-type]

    def says(self, request: Request, signer: Signer | None = None) -> Request:
        """Put a request where the agents look, and let the agent look."""
        signer = signer or (self.ana if request.operator == "ana" else self.me)
        for store in self.agent.stores.stores.values():
            obstore.put(store, request.key, requests.seal(request, signer))
        self.looks()
        return request

    def looks(self) -> None:
        asyncio.run(read_requests(self.agent))

    def answer(self, request: Request, kind: Kind = "ended") -> Answer | None:
        return asyncio.run(answers.hear(self.agent.stores, self.platform.public_keys, request.nonce, "gcp", kind))

    def taken(self) -> list[Request | Commission]:
        found = []
        while not self.agent.approved.empty():
            found.append(self.agent.approved.get_nowait())
        return found


@pytest.fixture
def desk(tmp_path: Path, app_database: RunningPostgres) -> Iterator[Desk]:
    platform = platform_of_gcp(tmp_path, app_database)
    made = Desk(platform, tmp_path)
    yield made
    made.close()


def test_a_request_is_handed_on_once(desk: Desk) -> None:
    """However often the agent looks at it."""
    request = desk.says(desk.request())
    desk.looks()

    assert desk.taken() == [request]
    desk.looks()
    assert desk.taken() == []
    assert desk.answer(request) is None


def test_what_another_site_shall_do_is_left_to_it(desk: Desk) -> None:
    """This agent says nothing about it; but the one that takes over waits for it, so it looks at the register often."""
    before = desk.agent.follow_seconds
    request = desk.says(desk.request(Wish("failover", "azure")))

    assert (desk.taken(), desk.answer(request)) == ([], None)
    assert (before, desk.agent.follow_seconds) == (FOLLOW_SECONDS, MOVING_SECONDS)


def test_what_was_asked_long_ago_hurries_nobody(desk: Desk) -> None:
    """A request that still lies there from before changes nothing."""
    desk.says(desk.request(Wish("failover", "azure"), issued=time.time() - 60))

    assert desk.agent.follow_seconds == FOLLOW_SECONDS


REFUSED: dict[str, tuple[Callable[[Desk], Request], str]] = {
    "foreign": (
        lambda desk: desk.request(cluster="other"),
        "the request is for the platform other, and this is local-",
    ),
    "expired": (
        lambda desk: desk.request(issued=time.time() - 650, expires=time.time() - 100),
        "the request expired 1",
    ),
    "ahead": (lambda desk: desk.request(issued=time.time() + 90, expires=time.time() + 690), "the request was signed "),
    "unknown": (lambda desk: desk.request(Wish("fly", "gcp")), "this version of gcp's agent knows no fly"),
}


@pytest.mark.parametrize(("make", "sentence"), REFUSED.values(), ids=REFUSED.keys())
def test_a_refusal_is_visible_at_once(desk: Desk, make: Callable[[Desk], Request], sentence: str) -> None:
    """Signed by the site, under the request's own nonce; the request is answered for good."""
    request = desk.says(make(desk))
    answer = desk.answer(request)

    assert desk.taken() == []
    assert answer is not None
    assert (answer.done, answer.sentence.startswith(sentence)) == (False, True), answer.sentence


def test_a_forged_one_in_every_store_is_refused_and_one_forged_copy_is_not_heard(desk: Desk) -> None:
    """An attacker who reaches one cloud's bucket stops nobody; as long as a forged one lies there, every status says so."""
    forged = desk.says(desk.request(), Signer(desk.me.name, desk.ana.key))
    answer, alarms = desk.answer(forged), desk.agent.alarms.sentences
    good = desk.request()
    for number, store in enumerate(desk.agent.stores.stores.values()):
        obstore.put(store, good.key, requests.seal(good, desk.me if number else desk.ana))
    desk.looks()

    assert answer is not None
    assert answer.sentence == f"what claims to come from {desk.me.name} was altered or signed with another key"
    assert (alarms, desk.agent.alarms.sentences) == ((answer.sentence,), ())
    assert desk.taken() == [good]


def test_a_site_made_anew_does_nothing_a_second_time(desk: Desk) -> None:
    """Its new database remembers no answer: what it said in the stores that it has done, it does not do again."""
    request = desk.says(desk.request())
    desk.taken()
    asyncio.run(
        answers.publish(
            desk.agent.stores, desk.platform.signer("gcp"), Answer("gcp", request.nonce, "ended", done=True)
        )
    )

    desk.agent = desk.started()
    desk.looks()

    assert desk.taken() == []


def test_a_replay_is_refused_and_its_first_answer_stays(desk: Desk) -> None:
    """The old request lies there again, after another one: said once, under a name of its own, and an alarm until the next honest one."""
    old = desk.says(desk.request(cluster="other"))
    first = desk.answer(old)
    desk.says(desk.request(cluster="another"))
    desk.says(old)
    replayed, alarms = desk.answer(old, "replayed"), desk.agent.alarms.sentences
    desk.says(desk.request(cluster="a third"))

    assert replayed is not None
    assert (alarms, desk.agent.alarms.sentences) == ((replayed.sentence,), ())
    assert replayed.sentence.endswith(f"the nonce {old.nonce} was answered before: it is a replay")
    assert desk.answer(old) == first
    assert desk.taken() == []


def test_a_new_process_knows_what_was_answered(desk: Desk) -> None:
    """The last request still lies there and is no replay; one that is put there again later is."""
    old = desk.says(desk.request(cluster="other"))
    desk.agent = desk.started()
    desk.looks()
    quiet = desk.answer(old, "replayed")
    desk.says(desk.request(cluster="another"))
    desk.says(old)

    assert quiet is None
    assert desk.answer(old, "replayed") is not None
    assert desk.taken() == []


def test_who_comes_second_reads_the_name_of_the_first(desk: Desk) -> None:
    """While it is decided whether the first is taken on, the second waits; then it is told."""
    first = desk.says(desk.request())
    second = desk.says(desk.request(operator="ana"))
    waiting = desk.answer(second)
    assert desk.taken() == [first]
    desk.agent.running = Commission("failover-2-to-gcp-abc123", "failover", "gcp", {}, first.nonce, 0.0, desk.me.name)
    desk.looks()
    answer = desk.answer(second)

    assert waiting is None
    assert answer is not None
    assert answer.sentence == (
        f"gcp is busy with failover-2-to-gcp-abc123, by the word of {desk.me.name}; this request changed nothing."
    )


def test_a_primary_hands_over_only_by_the_plan_that_was_signed(desk: Desk) -> None:
    """It waits until the chosen site has taken the move on, and compares the plan that this site announces."""
    request = replace(desk.request(Wish("switchover", "azure")), holder="gcp")
    desk.says(request)
    early = desk.taken()
    azure = desk.platform.signer("azure")
    asyncio.run(
        answers.publish(desk.agent.stores, azure, Answer("azure", request.nonce, "accepted", runbook="x", plan=PLAN))
    )
    desk.looks()
    (commission,) = desk.taken()
    other = replace(desk.request(Wish("switchover", "azure")), holder="gcp")
    wrong = Answer("azure", other.nonce, "accepted", runbook="y", plan={**PLAN, "new": "aws"})
    asyncio.run(answers.publish(desk.agent.stores, azure, wrong))
    desk.says(other)

    assert early == []
    assert isinstance(commission, Commission)
    assert (commission.runbook, commission.verb, commission.plan) == ("x-at-gcp", "hand_over", PLAN)
    refused = desk.answer(other)
    assert desk.taken() == []
    assert refused is not None
    assert refused.sentence == "azure took it on by another plan than was signed"


def test_an_operator_who_was_removed_is_not_heard(desk: Desk) -> None:
    """From the moment that the reviewed file says so."""
    operator_keys.remove(desk.platform, "ana")
    request = desk.says(desk.request(operator="ana"))

    assert (desk.taken(), desk.answer(request)) == ([], None)


def test_a_hand_over_that_came_late_is_gone_on_with(desk: Desk) -> None:
    """The lease was released to this site after it had given up waiting: nobody else may take it, so it goes on, once."""
    plan = {**PLAN, "epoch": 2}
    waited = Commission("switchover-2-to-gcp-0000aa", "switchover", "gcp", plan, "0000aa" + "0" * 26, 0.0, "ana")
    with psycopg.connect(desk.platform.agent_url("gcp"), autocommit=True) as connection:
        connection.execute("DELETE FROM lifeboat.run")
        commissions.begin(connection, waited)
        commissions.end(connection, waited.runbook, "stopped", "aws has not handed over after 45 s")
    held = LeaseRecord.first("aws", Rule.of("gcp", "azure"), ("gcp", "azure"))

    found = []
    for record in (
        held,
        replace(held, state="released", candidate="azure"),
        replace(held, state="released", candidate="gcp"),
    ):
        desk.agent.in_force.record = record
        asyncio.run(take_up_late_hand_over(desk.agent))
        asyncio.run(take_up_late_hand_over(desk.agent))
        found.append(desk.taken())

    assert found == [[], [], [waited]]
