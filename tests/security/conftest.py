"""What the tests of the app's defences share: a database of their own, and one app on it."""

from collections.abc import Callable, Iterator

import pytest

from tests.app.conftest import Api, Member, RunningApp, noise, sign_up

from tests.app.conftest import api, app_server, run_app  # noqa: F401  # isort: skip  (fixtures)
from tests.app.samples import Samples
from tests.conftest import RunningPostgres, migrated


@pytest.fixture(scope="session")
def app_database(make_postgres: Callable[[str], RunningPostgres]) -> RunningPostgres:
    """Give a migrated database that no other test reads: what is posted here is odd on purpose."""
    return migrated(make_postgres("security_database"))


@pytest.fixture(scope="module")
def person(app_server: RunningApp, api: Api) -> Iterator[Member]:  # noqa: F811
    """Give one signed-up person for all tests of a file."""
    made = sign_up(app_server, api)
    yield made
    made.client.close()


@pytest.fixture(scope="module")
def samples(app_server: RunningApp, api: Api, person: Member) -> Iterator[Samples]:  # noqa: F811
    """Give one of everything that a path names, and the person that it belongs to."""
    made = Samples(app_server.address, api, person, noise())
    yield made
    made.close()
