"""Where azurite (Microsoft's own Blob double) lies, and how it gets there."""

from pathlib import Path

from scripts.embedded import npm_packages
from scripts.runbook.errors import NpmPackagesNotInstalled

LOCKS = Path(__file__).parent / "azurite"


def install_azurite(tools: Path) -> bool:
    """Install azurite into `tools` unless it is there from today's lock; raises NpmPackagesNotInstalled."""
    return npm_packages.install(LOCKS, tools)


def azurite_program(tools: Path) -> Path:
    """Return the script of azurite's Blob service; raises NpmPackagesNotInstalled."""
    program = tools / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
    if not program.exists():
        raise NpmPackagesNotInstalled(f"azurite is not in {tools}; run scripts/setup.")
    return program
