"""One packet in, its answer out: who may ask what, and that no packet ends the server."""

import sys
import time
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rdtypes.ANY.TSIG
import dns.rrset
import dns.transaction
import dns.tsig
import dns.update
import dns.zone

from scripts.embedded.dns_server.answer import fill_answer, transfer
from scripts.embedded.dns_server.update import UpdateError, apply_update
from scripts.embedded.dns_server.zone import load_zone, save_durably, zone_text

LARGEST_UDP = 1232  # bytes; the value of DNS flag day 2020, below every common path MTU
TSIG_ERRORS: dict[type[Exception], dns.rcode.Rcode] = {
    dns.message.UnknownTSIGKey: dns.rcode.BADKEY,
    dns.tsig.BadKey: dns.rcode.BADKEY,
    dns.tsig.BadAlgorithm: dns.rcode.BADKEY,
    dns.tsig.BadSignature: dns.rcode.BADSIG,
    dns.tsig.BadTime: dns.rcode.BADTIME,
}


class Responder:
    """One zone in one file, and the one key that may change or copy it; raises UsageError when the file is no zone."""

    def __init__(self, path: Path, origin: str, key: dns.tsig.Key) -> None:
        self.path = path
        self.zone = load_zone(path, origin)
        self.origin = self.zone.origin or dns.name.root
        self.key = key

    def respond(self, wire: bytes, tcp: bool) -> list[bytes]:
        """The packets that answer this one; none for what is not a question."""
        if len(wire) < 12 or wire[2] & 0x80:
            return []
        try:
            query = dns.message.from_wire(wire, keyring={self.key.name: self.key})
            return self._dispatch(query, tcp)
        except tuple(TSIG_ERRORS) as error:
            return [_not_you(wire, TSIG_ERRORS[type(error)])]
        except dns.exception.DNSException:
            return [_bare(wire, dns.rcode.FORMERR)]
        except Exception as error:  # the boundary: whatever a packet provokes is told, and the next one is served
            print(f"dns: a packet could not be answered: {error!r}", file=sys.stderr, flush=True)
            return [_bare(wire, dns.rcode.SERVFAIL)]

    def _dispatch(self, query: dns.message.Message, tcp: bool) -> list[bytes]:
        response = dns.message.make_response(query, our_payload=LARGEST_UDP)
        if isinstance(query, dns.update.UpdateMessage):
            response.set_rcode(self._update(query))
        elif query.opcode() != dns.opcode.QUERY:
            response.set_rcode(dns.rcode.NOTIMP)
        elif len(query.question) != 1:
            response.set_rcode(dns.rcode.FORMERR)
        elif query.question[0].rdtype in (dns.rdatatype.AXFR, dns.rdatatype.IXFR):
            if tcp and query.had_tsig and query.question[0].name == self.origin:
                return list(transfer(self.zone, query))
            response.set_rcode(dns.rcode.REFUSED)
        else:
            self._answer(query.question[0], response)
        size = 65535 if tcp else max(512, min(query.payload, LARGEST_UDP))
        return [response.to_wire(max_size=size, prefer_truncation=True)]

    def _answer(self, question: dns.rrset.RRset, response: dns.message.Message) -> None:
        ours = question.rdclass == dns.rdataclass.IN and question.name.is_subdomain(self.origin)
        if ours and not (dns.rdatatype.is_metatype(question.rdtype) and question.rdtype != dns.rdatatype.ANY):
            fill_answer(self.zone, question, response)
        else:
            response.set_rcode(dns.rcode.REFUSED)

    def _update(self, message: dns.update.UpdateMessage) -> dns.rcode.Rcode:
        if not message.had_tsig:
            return dns.rcode.REFUSED
        try:
            self._update_durably(message)
        except UpdateError as refused:
            return refused.rcode
        except OSError as error:
            print(f"dns: the zone cannot be written to {self.path}: {error}", file=sys.stderr, flush=True)
            return dns.rcode.SERVFAIL
        return dns.rcode.NOERROR

    def _update_durably(self, message: dns.update.UpdateMessage) -> None:
        before = zone_text(self.zone.iterate_rdatasets())
        with self.zone.writer() as txn:  # leaving by an exception rolls back: what is not on disk is not answered
            serial = _serial(txn, self.origin)
            apply_update(txn, self.origin, message)
            if zone_text(txn.iterate_rdatasets()) == before:
                return
            if _serial(txn, self.origin) == serial:
                txn.update_serial(1, True, self.origin)
            save_durably(self.path, zone_text(txn.iterate_rdatasets()))


def _serial(txn: dns.transaction.Transaction, origin: dns.name.Name) -> int:
    soa = txn.get(origin, dns.rdatatype.SOA)
    assert soa is not None, "a loaded zone has an SOA, and no update may delete it"
    return soa[0].serial


def _bare(wire: bytes, rcode: dns.rcode.Rcode) -> bytes:
    opcode_and_rd = wire[2] & 0x79
    return wire[:2] + bytes([0x80 | opcode_and_rd, int(rcode) & 0x0F]) + bytes(8)


def _not_you(wire: bytes, error: dns.rcode.Rcode) -> bytes:
    """NOTAUTH with the TSIG error, unsigned as RFC 8945 5.3.2 asks (BADTIME too: our clients judge the code alone)."""
    query = dns.message.from_wire(wire, keyring=False)
    response = dns.message.make_response(query)
    response.set_rcode(dns.rcode.NOTAUTH)
    now = int(time.time())
    other = now.to_bytes(6, "big") if error == dns.rcode.BADTIME else b""
    tsig = dns.rdtypes.ANY.TSIG.TSIG(
        dns.rdataclass.ANY, dns.rdatatype.TSIG, query.keyalgorithm, now, 300, b"", query.id, error, other
    )
    response.tsig = dns.rrset.from_rdata(query.keyname or dns.name.root, 0, tsig)
    return response.to_wire()
