"""Answers from the zone: queries that follow its CNAMEs, and zone transfers in signed pieces (RFC 5936)."""

from collections.abc import Iterator

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset
import dns.zone
from dns.rdatatype import ANY, CNAME, SOA

LONGEST_CHAIN = 8
SETS_PER_MESSAGE = 100


def fill_answer(zone: dns.zone.Zone, question: dns.rrset.RRset, response: dns.message.Message) -> None:
    """Fill in the zone's answer to one question: the records, or NXDOMAIN or nothing, each with the SOA."""
    response.flags |= dns.flags.AA
    name = question.name
    for _ in range(LONGEST_CHAIN):
        found = _sets_at(zone, name, question.rdtype)
        response.answer += found
        if not found:
            _say_nothing(zone, name, response)
        alias = found and question.rdtype not in (CNAME, ANY) and found[0].rdtype == CNAME
        if not alias or not found[0][0].target.is_subdomain(zone.origin):
            return
        name = found[0][0].target


def _sets_at(zone: dns.zone.Zone, name: dns.name.Name, rdtype: dns.rdatatype.RdataType) -> list[dns.rrset.RRset]:
    node = zone.get_node(name) or ()
    wanted = [s for s in node if rdtype in (s.rdtype, ANY)] or [s for s in node if s.rdtype == CNAME]
    return [dns.rrset.from_rdata_list(name, found.ttl, list(found)) for found in wanted]


def _say_nothing(zone: dns.zone.Zone, name: dns.name.Name, response: dns.message.Message) -> None:
    if not any(known.is_subdomain(name) for known in zone):  # RFC 2308 2.1: also at the end of a chain
        response.set_rcode(dns.rcode.NXDOMAIN)
    soa = _soa(zone)
    response.authority.append(dns.rrset.from_rdata_list(soa.name, min(soa.ttl, soa[0].minimum), list(soa)))


def _soa(zone: dns.zone.Zone) -> dns.rrset.RRset:
    return zone.find_rrset(zone.origin or dns.name.root, SOA)


def transfer(zone: dns.zone.Zone, query: dns.message.Message) -> Iterator[bytes]:
    """The messages of a zone transfer, each signed in the chain of the one before it."""
    soa = _soa(zone)
    others = [dns.rrset.from_rdata_list(n, s.ttl, list(s)) for n, s in zone.iterate_rdatasets() if s.rdtype != SOA]
    sets = [soa, *others, soa]
    context = None
    for start in range(0, len(sets), SETS_PER_MESSAGE):
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        response.answer = sets[start : start + SETS_PER_MESSAGE]
        yield response.to_wire(multi=True, tsig_ctx=context, max_size=65535)
        context = response.tsig_ctx
