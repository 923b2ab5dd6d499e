"""What the policy pack said about the recorded graphs, checked and ready to show."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.runbook.errors import PreviewRefused


@dataclass(frozen=True)
class Policy:
    """The verdict on one cloud: sentences of what is broken, of what may be, and of exceptions that nothing needs."""

    broken: tuple[str, ...] = ()
    excepted: tuple[str, ...] = ()
    idle: tuple[str, ...] = ()


def read_policy(value: Any, cloud: str) -> Policy:
    """Read what `python -m infra.policy` printed for one cloud. Raises PreviewRefused."""
    try:
        found = value[cloud]
        return Policy(
            broken=tuple(str(one["said"]) for one in found["broken"]),
            excepted=tuple(str(one["said"]) for one in found["excepted"]),
            idle=tuple(map(_idle, found["idle"])),
        )
    except (KeyError, TypeError) as error:
        raise PreviewRefused(
            f"The policy pack infra/policy does not print what the preview reads for {cloud} ({error})."
        ) from error


def _idle(line: Mapping[str, Any]) -> str:
    return (
        f"{line['cloud']}: nothing breaks {line['rule']} at {line['resource']} any more: "
        "take its line out of infra/policy/exceptions.toml."
    )
