"""Times as the API shows them."""

import datetime


def moment(when: datetime.datetime) -> str:
    """Show a time as Mastodon does: UTC with milliseconds."""
    return when.astimezone(datetime.UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def moment_of(seconds: float) -> str:
    """Show a time that is given in Unix seconds."""
    return moment(datetime.datetime.fromtimestamp(seconds, datetime.UTC))
