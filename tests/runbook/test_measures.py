"""What the provider's alarms are told, and that they listen for exactly that."""

import json
import time
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from infra.alarms import measured
from infra.config import parse
from infra.stack_files import stack_settings
from scripts.runbook import bootstrap, measures
from scripts.runbook.measures import LeaseWatch, as_lines
from tests.conftest import SINGLE_COPY, RunningPostgres

NOT_YET = {"notice_age_hours"}
"""Measures that an alarm waits for and no agent writes so far: the cases of notices are kept elsewhere."""


@pytest.fixture(scope="module")
def running(make_postgres: Callable[[str], RunningPostgres]) -> RunningPostgres:
    server = make_postgres("measures")
    bootstrap.create_machinery(server.owner_url, "aws", 1, SINGLE_COPY)
    return server


def looked(connection: psycopg.Connection[Any]) -> dict[str, float]:
    return measures.of_database(connection)


def test_a_late_heartbeat_and_a_held_slot_are_measured(running: RunningPostgres) -> None:
    """It gives the age of the newest heartbeat in seconds, and what the laziest slot holds back in MiB."""
    with psycopg.connect(running.agent_url, autocommit=True) as agent:
        before = looked(agent)
        with psycopg.connect(running.owner_url, autocommit=True) as owner:
            owner.execute("ALTER TABLE lifeboat.heartbeat DISABLE TRIGGER USER")
            owner.execute("INSERT INTO lifeboat.heartbeat VALUES ('gcp', 1, 1, clock_timestamp() - interval '90 s')")
        agent.execute("SELECT pg_create_logical_replication_slot('to_gcp', 'pgoutput')")
        agent.execute("SELECT pg_logical_emit_message(true, 'measures', repeat('x', 3 * 1024 * 1024))")
        after = looked(agent)
        agent.execute("SELECT pg_drop_replication_slot('to_gcp')")

    assert before == {measures.LAG: 0, measures.WAL: 0}
    assert 90 <= after[measures.LAG] < 120
    assert 3 <= after[measures.WAL] < 40


def test_the_lease_grows_old_until_it_changes() -> None:
    """It counts from the last change of the lease that this site saw."""
    watch = LeaseWatch()
    watch.age("one")
    time.sleep(0.05)

    assert watch.age("one") >= 0.05
    assert watch.age("two") < 0.05


def test_the_alarms_listen_for_what_the_agent_says() -> None:
    """It writes, line by line, the measures that the alarms of every cloud read, under the same names."""
    spec = parse({key.partition(":")[2]: value for key, value in stack_settings("aws").items()}, "aws")

    others = (measures.WAL, measures.LEASE, measures.LINKS, measures.OUTBOX)
    lines = [json.loads(line) for line in as_lines({measures.LAG: 1.23456, **dict.fromkeys(others, 2)}).splitlines()]

    assert lines[0] == {"measure": measures.LAG, "value": 1.235}
    assert {line["measure"] for line in lines} | NOT_YET == {alarm.measure for alarm in measured(spec)}
