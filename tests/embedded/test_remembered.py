"""What was decided about local sites can be read back, by its owner alone, and a damaged file is named."""

from pathlib import Path

import pytest

from scripts.embedded.layout import LocalSettings, decide
from scripts.embedded.postgres_binaries import find_postgres
from scripts.embedded.remembered import recall, remember
from scripts.runbook.errors import NothingRunning, UsageError
from tests.conftest import free_port


def test_a_layout_comes_back_as_it_was(tmp_path: Path) -> None:
    """Ports, secrets and settings are equal, and nobody else may read the file."""
    layout = decide(LocalSettings(tmp_path, edge_port=free_port()), find_postgres())
    remember(layout)

    assert recall(tmp_path) == layout
    assert (tmp_path / "layout.json").stat().st_mode & 0o077 == 0


def test_a_folder_without_sites_is_said_to_have_none(tmp_path: Path) -> None:
    """It names the folder."""
    with pytest.raises(NothingRunning, match=str(tmp_path)):
        recall(tmp_path)


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    """It says which file cannot be read."""
    (tmp_path / "layout.json").write_text('{"ports": ')

    with pytest.raises(UsageError, match=r"layout\.json cannot be read"):
        recall(tmp_path)
