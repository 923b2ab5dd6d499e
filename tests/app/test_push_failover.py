"""A push message that was promised before its primary died: the next primary sends it."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from scripts.runbook import bootstrap, fence, replication
from scripts.runbook.replication import Following
from scripts.runbook.rule import Rule
from tests.app.conftest import Api, Member, RunningApp, make_settings, register
from tests.app.push_double import PushDouble, listening
from tests.app.test_jobs import Clock, work
from tests.conftest import SINGLE_COPY, RunningPostgres

FOLLOWED = Rule.of("gcp")  # what this primary acknowledges, the other database has


@pytest.fixture(scope="session")
def double() -> Iterator[PushDouble]:
    """Give a push service on loopback."""
    with listening() as found:
        yield found


@pytest.fixture(scope="session")
def standby(make_postgres: Callable[[str], RunningPostgres]) -> RunningPostgres:
    """Give the database of a standby."""
    return prepared(make_postgres("standby"), "gcp")


@pytest.fixture(scope="session")
def primary(make_postgres: Callable[[str], RunningPostgres], standby: RunningPostgres) -> RunningPostgres:
    """Give the database that takes writes, and which the standby's follows."""
    made = prepared(make_postgres("primary"), "aws")
    with psycopg.connect(made.agent_url, autocommit=True) as agent:
        fence.open_for(agent, 1, FOLLOWED, fence.clock(agent) + 3600)
    source = made.server.url("lifeboat_replication", made.passwords.replication, verify=False)
    with psycopg.connect(standby.agent_url, autocommit=True) as agent:
        replication.follow(agent, "gcp", Following("aws", 1), source, copy=True)
        replication.wait_until_copied(agent)
    return made


@pytest.fixture(scope="session")
def app_server(run_app: Callable[..., RunningApp], primary: RunningPostgres, double: PushDouble) -> RunningApp:
    """Give the primary's app; no worker runs beside it."""
    return run_app(primary.url, push_double=double.address, acknowledge_timeout=60)


@pytest.fixture(scope="session")
def api(app_server: RunningApp) -> Api:
    """Give a client of this app: the session's own is registered at another database."""
    return register(app_server)


def prepared(running: RunningPostgres, site: str) -> RunningPostgres:
    """Make the app's tables on a site's database; its fence stays closed."""
    bootstrap.create_machinery(running.owner_url, site, 1, FOLLOWED)
    bootstrap.migrate_app(running.owner_url)
    return running


def take_over(standby: RunningPostgres) -> None:
    """Make the standby's database the one that takes writes."""
    with psycopg.connect(standby.agent_url, autocommit=True) as agent:
        replication.stop_applying(agent, "aws")
        replication.stop_following(agent)
        fence.open_for(agent, 2, SINGLE_COPY, fence.clock(agent) + 3600)


def test_a_promised_push_message_is_sent_by_the_next_primary(
    join: Callable[[], Member], primary: RunningPostgres, standby: RunningPostgres, double: PushDouble, tmp_path: Path
) -> None:
    """Subscription and mention were acknowledged by a primary that then died; the next one's worker tells the person."""
    member, friend = join(), join()
    member.act(
        "/api/v1/push/subscription", subscription=double.subscription(standard=True), data={"alerts": {"mention": True}}
    )
    friend.post(f"@{member.username} the bridge is out")
    assert double.came == []
    assert primary.process
    primary.process.send_signal(signal.SIGQUIT)  # it ends at once, without a word to its standby
    primary.process.wait(20)

    take_over(standby)
    settings = make_settings(tmp_path, standby.url, site="gcp", push_double=double.address)
    work(settings, Clock(standby))

    told = double.open()
    assert (told["notification_type"], told["body"]) == ("mention", f"@{member.username} the bridge is out")
    assert told["title"] == f"{friend.username} mentioned you"
