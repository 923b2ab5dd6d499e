"""The zone: its first text, and its file, replaced durably so that a kill never loses an answered update."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

import dns.exception
import dns.name
import dns.rdataset
import dns.rdatatype
import dns.zone

from scripts.runbook.errors import UsageError

RDataSets = Iterable[tuple[dns.name.Name, dns.rdataset.Rdataset]]


def initial_zone(sites: Mapping[str, int], primary: str, epoch: int, origin: str = "social.test", ttl: int = 5) -> str:
    """The zone text for these sites (name to port on loopback), with `www` pointing at the primary; TTL in seconds.

    Raises UsageError when the primary is not one of the sites, or a port or the epoch cannot be.
    """
    _refuse_odd(sites, primary, epoch)
    head = [f"$ORIGIN {origin}.", f"$TTL {ttl}", "@ SOA ns hostmaster 1 60 10 3600 5", "@ NS ns", "ns A 127.0.0.1"]
    public = [f"www CNAME {primary}.edge", f'_epoch.www TXT "{epoch}"']
    ports = [f"_http._tcp.{site}.edge SRV 0 0 {port} {site}.host" for site, port in sites.items()]
    hosts = [f"{site}.host A 127.0.0.1" for site in sites]
    return "\n".join([*head, *public, *ports, *hosts]) + "\n"


def _refuse_odd(sites: Mapping[str, int], primary: str, epoch: int) -> None:
    if primary not in sites:
        raise UsageError(f"the primary {primary!r} is not one of the sites {', '.join(sites) or '(none)'}.")
    for site, port in sites.items():
        if not 0 < port < 65536:
            raise UsageError(f"site {site} cannot listen on port {port}.")
    if epoch < 0:
        raise UsageError(f"epoch {epoch} is below 0.")


def load_zone(path: Path, origin: str) -> dns.zone.Zone:
    """Read a zone file with absolute names; raises UsageError for one that is missing, torn or wrong."""
    try:
        return dns.zone.from_text(path.read_text(), origin=origin, relativize=False)
    except (OSError, UnicodeDecodeError, dns.exception.DNSException) as error:
        raise UsageError(f"zone file {path} cannot be used: {str(error) or type(error).__name__}.") from None


def zone_text(rdatasets: RDataSets) -> str:
    """The zone as a file's text: the SOA first, then by name and type, so that equal zones have equal texts."""
    ordered = sorted(rdatasets, key=lambda pair: (pair[1].rdtype != dns.rdatatype.SOA, pair[0], pair[1].rdtype))
    return "".join(f"{line}\n" for name, found in ordered for line in sorted(found.to_text(name).splitlines()))


def save_durably(path: Path, text: str) -> None:
    """Replace the file so that either the old or the new text survives a crash, the new one once this returns."""
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
