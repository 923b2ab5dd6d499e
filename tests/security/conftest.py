"""What the tests of the app's defences share: a database of their own, and one app on it."""

from collections.abc import Callable, Iterator

import psycopg
import pytest

from scripts.runbook import bootstrap
from tests.app.conftest import Api, Member, RunningApp, api, app_server, join, member, picture, run_app, sign_up  # noqa: F401 (fixtures)
from tests.conftest import SINGLE_COPY, RunningPostgres


@pytest.fixture(scope="session")
def app_database(make_postgres: Callable[[str], RunningPostgres]) -> RunningPostgres:
    """Give a migrated database that no other test reads: what is posted here is odd on purpose."""
    running = make_postgres("security_database")
    bootstrap.create_machinery(running.owner_url, "aws", 1, SINGLE_COPY)
    bootstrap.migrate_app(running.owner_url)
    with psycopg.connect(running.agent_url) as connection:
        connection.execute("UPDATE lifeboat.fence SET writable = true, valid_until = now() + interval '10 years'")
    return running


@pytest.fixture(scope="module")
def person(app_server: RunningApp, api: Api) -> Iterator[Member]:  # noqa: F811 (fixtures)
    """Give one signed-up person for all tests of a file."""
    made = sign_up(app_server, api)
    yield made
    made.client.close()
