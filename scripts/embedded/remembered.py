"""What was decided about three local sites, kept with their data, so that a later command can start one of them again."""

from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from scripts.embedded.layout import Layout
from scripts.runbook.errors import NothingRunning, UsageError

_NAME = "layout.json"
_layouts = TypeAdapter(Layout)


def remember(layout: Layout) -> None:
    """Write a layout, secrets included, readable by its owner alone."""
    path = layout.folder / _NAME
    path.touch(mode=0o600)
    path.write_bytes(_layouts.dump_json(layout, indent=1))


def recall(folder: Path) -> Layout:
    """Read the layout of a folder. Raises NothingRunning where there is none, UsageError when it cannot be read."""
    path = folder / _NAME
    try:
        return _layouts.validate_json(path.read_bytes())
    except FileNotFoundError as reason:
        raise NothingRunning(folder) from reason
    except (OSError, ValidationError) as reason:
        raise UsageError(
            f"{path} cannot be read ({str(reason).splitlines()[0]}): `lifeboat local down` ends the sites"
        ) from reason
