"""`python -m app.reset_token HANDLE`: issues a reset token, for the operator to hand over when mail is lost."""

import asyncio
import logging
import sys

from app.durability import Writer
from app.errors import LifeboatError, NotFound
from app.logins import RESET_LIFE, issue_reset
from app.services import Services
from app.settings import read_settings


async def issue(parts: Services, username: str) -> str:
    """Give a token that two clouds hold; raises NotFound when nobody has this username."""
    try:
        writer = Writer(parts.database, parts.lease, parts.acknowledger, "reset")
        async with writer.transaction() as connection:
            token = await issue_reset(connection, username.removeprefix("@"))
    finally:
        await parts.close()
    if token is None:
        raise NotFound(f"Nobody here is called {username}.")
    return token


def main() -> None:
    """Print the token; a refusal is one sentence on standard error and an exit code."""
    logging.basicConfig(level=logging.WARNING)
    if len(sys.argv) != 2:
        sys.exit("usage: python -m app.reset_token HANDLE")
    try:
        token = asyncio.run(issue(Services.open(read_settings()), sys.argv[1]))
    except LifeboatError as refusal:
        sys.exit(str(refusal))
    print(token)
    print(
        f"It is good once, for {RESET_LIFE}: POST /api/v1/password_reset with token and new_password.", file=sys.stderr
    )


if __name__ == "__main__":
    main()
