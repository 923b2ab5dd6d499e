"""The register of one platform, opened over the lease store of every site."""

import secrets

from scripts.runbook.acceptors import open_acceptor
from scripts.runbook.register import Register
from scripts.runbook.sites import Platform

# Raised when the set of control stores is changed for good; a process with an older one stops.
CONFIGURATION = 1


def open_register(platform: Platform, site: str) -> Register:
    """Open the register as `site`; each call is a proposer of its own, with an incarnation nobody had before."""
    credentials = platform.credentials()
    acceptors = {
        name: open_acceptor(outputs.lease_url, credentials, platform.cluster)
        for name, outputs in platform.outputs.items()
    }
    return Register(platform.cluster, CONFIGURATION, site, secrets.token_hex(8), acceptors)
