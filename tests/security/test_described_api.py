"""The API does what its description says, whatever it is sent (Schemathesis)."""

import os
import tempfile
from pathlib import Path

import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from app.main import create_app
from tests.app.conftest import RunningApp, make_settings
from tests.app.samples import Samples

FULL = bool(os.environ.get("LIFEBOAT_FULL"))
# A stream goes on until its listener leaves; its refusals are in tests/app/routes/test_streaming.py.
ENDLESS = r"^/api/v1/streaming/(?!health)"
CHECKS = [
    content_type_conformance,
    ignored_auth,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
]


def described() -> schemathesis.BaseSchema:
    """Give the description that the app serves; nothing is connected for it."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(make_settings(Path(folder), "postgresql://"))
    description = schemathesis.openapi.from_dict(app.openapi()).exclude(path_regex=ENDLESS)
    # The boundaries of every field, one by one: thousands of requests.
    description.config.phases.coverage.enabled = FULL
    return description


description = described()


@description.parametrize()
@settings(
    max_examples=50 if FULL else 5,
    derandomize=not FULL,
    deadline=None,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_no_answer_is_a_failure_or_undocumented(
    case: schemathesis.Case, app_server: RunningApp, samples: Samples
) -> None:
    """It answers with a documented status, type and body; a failure can only be the documented 503.

    Every request is sent as it was made up, and again with ids in its path that are known.
    """
    headers = {"authorization": f"Bearer {samples.member.token}"}
    check(case, app_server, headers)
    if case.path_parameters:
        for name, known in samples.ids.items():
            if name[1:-1] in case.path_parameters:
                case.path_parameters[name[1:-1]] = known
        check(case, app_server, headers)


def check(case: schemathesis.Case, app_server: RunningApp, headers: dict[str, str]) -> None:
    """Send a request and hold its answer against the description."""
    response = case.call(base_url=app_server.address, headers=headers)
    assert response.status_code < 500 or response.status_code == 503
    case.validate_response(response, checks=CHECKS, headers=headers)
