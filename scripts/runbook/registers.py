"""The register of one platform, opened over the stores that hold it."""

import secrets

from scripts.runbook.acceptors import open_acceptor
from scripts.runbook.ballots import Acceptor
from scripts.runbook.register import Register
from scripts.runbook.sites import Platform


def open_acceptors(platform: Platform) -> dict[str, Acceptor]:
    """Open the register's object in each store that holds it."""
    credentials = platform.credentials()
    return {
        name: open_acceptor(url, credentials, platform.cluster, platform.ways.get(name))
        for name, url in platform.register_urls.items()
    }


def open_register(platform: Platform, site: str) -> Register:
    """Open the register as `site`; each call is a proposer of its own, with an incarnation nobody had before.

    It begins with the first configuration and follows the stores to the newest one.
    """
    urls = platform.register_urls
    return Register(platform.cluster, 1, site, secrets.token_hex(8), open_acceptors(platform), urls=urls)
