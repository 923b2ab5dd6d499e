"""The files of a platform on this machine, with one real database behind gcp's agent."""

from pathlib import Path

from scripts.embedded.layout import LocalSettings, decide, write_platform
from scripts.embedded.postgres_binaries import find_postgres
from scripts.runbook import sites
from scripts.runbook.sites import Platform
from tests.conftest import RunningPostgres, free_port


def platform_of_gcp(folder: Path, database: RunningPostgres) -> Platform:
    """Write a platform's files below `folder`, and let gcp's agent find `database` as its own."""
    layout = decide(LocalSettings(folder / "local", edge_port=free_port()), find_postgres())
    write_platform(layout)
    platform = sites.load(layout.folder)
    platform.agent_urls["gcp"] = database.agent_url
    return platform
