"""How the commands speak: progress and refusals on standard error, results on standard output."""

import contextlib
import json
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console as RichConsole
from rich.markup import escape
from rich.table import Table

Progress = Callable[[str], None]

_errors = RichConsole(stderr=True, highlight=False)
_output = RichConsole(highlight=False)


@dataclass(frozen=True)
class Console:
    """What every command gets: the folder of the platform it works on."""

    folder: Path

    def say(self, sentence: str) -> None:
        """Tell what is going on right now."""
        _errors.print(sentence, style="dim", soft_wrap=True, markup=False)

    def warn(self, sentence: str) -> None:
        _errors.print(sentence, style="yellow", soft_wrap=True, markup=False)

    def tell(self, sentence: str) -> None:
        """Print a result for a person."""
        _output.print(sentence, soft_wrap=True, markup=False)

    @contextlib.contextmanager
    def progress(self, sentence: str) -> Generator[Progress]:
        """Show what is under way, beside a moving sign, where somebody watches; lend what changes the sentence."""
        with _errors.status(escape(sentence)) as status:
            yield lambda now: status.update(escape(now))

    def print_json(self, value: object) -> None:
        """Print one JSON object on one line."""
        print(json.dumps(value, ensure_ascii=False), flush=True)

    def show(self, table: Table) -> None:
        _output.print(table)


def progress_console() -> RichConsole:
    """Return where progress is drawn: beside the results, not among them."""
    return _errors


def show_refusal(sentence: str) -> None:
    _errors.print(sentence, style="bold red", soft_wrap=True, markup=False)


def two_columns(title: str, rows: Mapping[str, object]) -> Table:
    """Return a table of names and values."""
    table = Table(title=title, title_justify="left", show_header=False, pad_edge=False)
    for name, value in rows.items():
        table.add_row(name, str(value))
    return table
