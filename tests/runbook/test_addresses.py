"""Where a site says that its database is, and where its subscription looks for the primary's."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from scripts.runbook.agent.address_keeper import keep_addresses
from scripts.runbook.agent.state import Agent
from scripts.runbook.lease import LeaseRecord
from scripts.runbook.rule import Rule
from tests.conftest import RunningPostgres
from tests.runbook.invented_status import status_of
from tests.runbook.platforms import platform_of_gcp

HELD = LeaseRecord.first("aws", Rule.of("gcp", "azure"), ("gcp", "azure"))
SUBSCRIBE = """CREATE SUBSCRIPTION lifeboat_from_aws CONNECTION 'host=aws.invalid password=x' PUBLICATION lifeboat
               WITH (connect = false, slot_name = NONE)"""


@pytest.fixture
def agent(tmp_path: Path, app_database: RunningPostgres) -> Iterator[Agent]:
    """Give gcp's agent, whose database follows aws's."""
    platform = platform_of_gcp(tmp_path, app_database)
    with psycopg.connect(app_database.agent_url, autocommit=True) as connection:
        connection.execute("INSERT INTO lifeboat.following (primary_site, epoch) VALUES ('aws', 1)")
        connection.execute(SUBSCRIBE)
        made = Agent(platform, "gcp")
        made.in_force.record = HELD
        yield made
        made.database.close()
        connection.execute("DROP SUBSCRIPTION lifeboat_from_aws")
        connection.execute("DELETE FROM lifeboat.following")


def named(agent: Agent, host: str) -> None:
    agent.platform.outputs["gcp"] = replace(agent.platform.outputs["gcp"], database_host=host)


def test_a_site_says_its_address_and_not_its_name(agent: Agent) -> None:
    """It looks the name up, and keeps the last address, with an alarm, while the name gives none."""
    named(agent, "localhost")
    asyncio.run(keep_addresses(agent))
    named(agent, "database.invalid")
    asyncio.run(keep_addresses(agent))

    assert agent.database_address == "127.0.0.1"
    assert agent.alarms.sentences[0].startswith("the database's name database.invalid gives no address")


def test_the_subscription_follows_the_primary_to_its_new_address(agent: Agent) -> None:
    """It is told once where the primary's word says that it is, and not by a word that came during a move."""
    agent.words.take(status_of("aws", database_host="10.10.16.9"))
    asyncio.run(keep_addresses(agent))
    told_first = agent.reconnected_to
    agent.words.take(status_of("aws", database_host="10.10.24.9", sequence=99))
    agent.in_force.record = replace(HELD, state="switching", previous_rule=HELD.rule)
    asyncio.run(keep_addresses(agent))

    assert "@10.10.16.9:" in told_first
    assert agent.reconnected_to == told_first
