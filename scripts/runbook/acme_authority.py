"""Where certificates come from; apart from the client, whose library nobody should load before a certificate is due."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Authority:
    """The URL of an ACME directory, and the address that the authority writes to."""

    directory: str
    contact: str
