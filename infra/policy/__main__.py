"""`python -m infra.policy`: hold the rules against recorded graphs, without engine, account or network.

Reads {CLOUD: recording, ...} in JSON from standard input and prints, by cloud, what breaks a rule.
"""

import json
import sys
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

from infra.policy.check import Result, check
from infra.policy.estate import read_recording
from infra.policy.exceptions import BadExceptionsError, read_exceptions


def main() -> None:
    """Judge recordings; a bad file of exceptions or a corrupt recording ends with 2 and one line for each fault."""
    today = datetime.now(UTC).date()
    try:
        exceptions = read_exceptions()
        estates = {cloud: read_recording(one) for cloud, one in json.load(sys.stdin).items()}
    except BadExceptionsError as error:
        sys.exit(_refuse(str(error)))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        sys.exit(_refuse(f"A recorded graph is corrupt ({type(error).__name__}: {error})."))
    verdicts = {cloud: check(estate, exceptions, today) for cloud, estate in estates.items()}
    found = {
        cloud: {
            "broken": [_plain(one) for one in verdict.broken],
            "excepted": [_plain(one) for one in verdict.excepted],
            "idle": [_days(asdict(line)) for line in verdict.idle],
        }
        for cloud, verdict in verdicts.items()
    }
    print(json.dumps(found, indent=1, sort_keys=True))


def _refuse(sentences: str) -> int:
    print(sentences, file=sys.stderr)
    return 2


def _plain(result: Result) -> dict[str, Any]:
    return {"rule": result.rule, "resource": result.resource, "cited": result.cited, "said": str(result)}


def _days(line: dict[str, Any]) -> dict[str, Any]:
    return {name: str(value) if isinstance(value, date) else value for name, value in line.items()}


if __name__ == "__main__":
    main()
