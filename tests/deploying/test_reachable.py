"""Whether a preview asks Pulumi too: only with credentials, a state and a commit, and never silently not."""

import os
from pathlib import Path

import pytest

from scripts.deploying.reachable import to_ask
from tests.preview.checkouts import checkout, write

CLOUDS = ("aws", "gcp", "azure")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A checkout, and beside it a program that is called pulumi."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "pulumi").touch(mode=0o755)
    return checkout(tmp_path.resolve() / "checkout")


def environment(place: Path, **more: str) -> dict[str, str]:
    return {"PATH": f"{place.parent / 'bin'}:{os.environ['PATH']}", "PULUMI_BACKEND_URL": "file:///nowhere", **more}


def test_without_credentials_nobody_is_asked(place: Path) -> None:
    """It asks no provider, and has nothing to say about it."""
    assert to_ask(place, CLOUDS, environment(place), place) == ((), "")


def test_each_provider_is_asked_by_its_own_credentials(place: Path, tmp_path: Path) -> None:
    """It finds them in the environment and where the provider's own tools leave them."""
    write(tmp_path / "home", ".config/gcloud/application_default_credentials.json", "{}")

    found = to_ask(place, CLOUDS, environment(place, AWS_PROFILE="ci"), tmp_path / "home")

    assert found == (("aws", "gcp"), "")


def test_what_hinders_it_is_said(place: Path) -> None:
    """It names the program, the state or the file that is not committed, and asks nobody."""
    known = environment(place, ARM_CLIENT_ID="none")
    head = "There are credentials for azure, but Pulumi is not asked and no plan is saved: "

    assert to_ask(place, CLOUDS, {**known, "PULUMI_BACKEND_URL": ""}, place) == (
        (),
        f"{head}nothing says where the state lies (PULUMI_BACKEND_URL).",
    )
    (place.parent / "bin" / "pulumi").unlink()
    no_program = to_ask(place, CLOUDS, {**known, "PATH": str(place.parent / "bin")}, place)
    assert no_program == ((), f"{head}pulumi is not on PATH.")
    (place.parent / "bin" / "pulumi").touch(mode=0o755)
    write(place, "infra/graphs/aws.json", "{}")
    assert "infra/graphs/aws.json is not committed." in to_ask(place, CLOUDS, known, place)[1]
