"""What the engine tests share: workspaces in folders of their own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.harness import Workspace


@pytest.fixture(scope="session")
def make_workspace(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, str], Workspace]:
    """Give a function that makes a workspace for a project, with provider doubles attached."""

    def make(project: Path, attach: str) -> Workspace:
        return Workspace(project, tmp_path_factory.mktemp("engine"), attach)

    return make
