"""Which site the public name points at now: www -> CNAME -> SRV -> A, asked again and again; the last answer stays."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass

import dns.asyncquery
import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from scripts.runbook.errors import LifeboatError

LOOKUP_SECONDS = 1.0


class LookupFailedError(LifeboatError):
    """The name server did not say where the site is."""


@dataclass(frozen=True)
class Site:
    """Where one site listens: the CNAME's target, an address and a port."""

    name: str
    host: str
    port: int


class Resolver:
    """Follows one name; SRV and A are kept for their TTL, the CNAME never. The server that answered is asked first."""

    def __init__(self, name: str, servers: list[tuple[str, int]]) -> None:
        self.name = dns.name.from_text(name)
        self.servers = servers
        self.known: dict[tuple[dns.name.Name, str], tuple[float, dns.rrset.RRset]] = {}

    def forget(self) -> None:
        """Ask for everything anew: the site was not where the kept records say."""
        self.known.clear()

    async def locate(self) -> Site:
        """Where the name points now; raises LookupFailedError, TimeoutError or what dnspython raises."""
        target = (await self._ask(self.name, "CNAME"))[0].target
        services = await self._kept(dns.name.from_text("_http._tcp", None).concatenate(target), "SRV")
        service = min(services, key=lambda record: (record.priority, -record.weight))
        address = (await self._kept(service.target, "A"))[0].address
        return Site(target.to_text(omit_final_dot=True), address, service.port)

    async def _kept(self, name: dns.name.Name, kind: str) -> dns.rrset.RRset:
        until, records = self.known.get((name, kind), (0.0, None))
        if records is None or until < time.monotonic():
            records = await self._ask(name, kind)
            self.known[name, kind] = (time.monotonic() + records.ttl, records)
        return records

    async def _ask(self, name: dns.name.Name, kind: str) -> dns.rrset.RRset:
        problems = []
        for server in tuple(self.servers):
            try:
                found = await _ask_one(*server, name, kind)
            except (LookupFailedError, dns.exception.DNSException, OSError) as error:
                problems.append(f"{server[0]}:{server[1]}: {str(error) or type(error).__name__}")
            else:
                self.servers.sort(key=lambda known: known != server)
                return found
        raise LookupFailedError("; ".join(problems))


async def _ask_one(host: str, port: int, name: dns.name.Name, kind: str) -> dns.rrset.RRset:
    query = dns.message.make_query(name, kind)
    response, _ = await dns.asyncquery.udp_with_fallback(query, host, timeout=LOOKUP_SECONDS / 2, port=port)
    for found in response.answer:
        if found.name == name and found.rdtype == dns.rdatatype.from_text(kind):
            return found
    raise LookupFailedError(f"{name} has no {kind} ({dns.rcode.to_text(response.rcode())})")


class Follower:
    """Keeps `site` at what DNS says and tells `moved(old, new)` at each change; raises nothing, logs what changes."""

    def __init__(self, resolver: Resolver, moved: Callable[[Site | None, Site], None]) -> None:
        self.resolver = resolver
        self.moved = moved
        self.site: Site | None = None
        self.problem: str | None = None
        self.running: asyncio.Task[None] | None = None

    async def follow(self, every: float) -> None:
        """Look up for ever, with `every` seconds between."""
        while True:
            await self.refresh()
            await asyncio.sleep(every)

    async def refresh(self) -> None:
        """Look up once now; callers at the same time share one lookup."""
        if self.running is None or self.running.done():
            self.running = asyncio.create_task(self._once())
        await asyncio.shield(self.running)

    async def _once(self) -> None:
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                found = await self.resolver.locate()
        except (LookupFailedError, dns.exception.DNSException, OSError) as error:  # TimeoutError is an OSError
            self._note(str(error) or type(error).__name__)
            return
        self._note(None)
        if found != self.site:
            old, self.site = self.site, found
            _log(old=old and old.name, new=found.name, port=found.port)
            self.moved(old, found)

    def _note(self, problem: str | None) -> None:
        if (problem is None) != (self.problem is None):
            _log(dns=problem or "answers again")
        self.problem = problem


def _log(**what: object) -> None:
    print(json.dumps({"at": round(time.time(), 3), **what}), flush=True)
