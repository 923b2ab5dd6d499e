"""RFC 2136: check the prerequisites, check the changes, then make them; pure but for the transaction it is given.

Section numbers in the comments are those of RFC 2136.
"""

import dns.name
import dns.node
import dns.rcode
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rrset
import dns.serial
import dns.transaction
import dns.update
from dns.rdataclass import ANY, IN, NONE
from dns.rdatatype import CNAME, NS, SOA

from scripts.runbook.errors import LifeboatError


class UpdateError(LifeboatError):
    """The update is answered with this rcode and changes nothing."""

    def __init__(self, rcode: dns.rcode.Rcode) -> None:
        super().__init__(dns.rcode.to_text(rcode))
        self.rcode = rcode


def apply_update(txn: dns.transaction.Transaction, origin: dns.name.Name, message: dns.update.UpdateMessage) -> None:
    """Apply one update to the transaction; raises UpdateError (then the caller must roll back)."""
    _check_zone(origin, message)
    _check_prerequisites(txn, origin, message.prerequisite)
    for change in message.update:
        _check_change(origin, change)
    for change in message.update:
        _change(txn, origin, change)


def _check_zone(origin: dns.name.Name, message: dns.update.UpdateMessage) -> None:
    if len(message.zone) != 1:
        raise UpdateError(dns.rcode.FORMERR)
    if message.zone[0].name != origin or message.zone[0].rdclass != IN:
        raise UpdateError(dns.rcode.NOTAUTH)


def _check_prerequisites(
    txn: dns.transaction.Transaction, origin: dns.name.Name, prerequisites: list[dns.rrset.RRset]
) -> None:
    exact: dict[tuple[dns.name.Name, dns.rdatatype.RdataType], set] = {}
    for wanted in prerequisites:
        if not wanted.name.is_subdomain(origin):
            raise UpdateError(dns.rcode.NOTZONE)
        if wanted.deleting is not None:
            _check_presence(txn, wanted)
        elif wanted.rdclass == IN and wanted.ttl == 0 and not dns.rdatatype.is_metatype(wanted.rdtype):
            exact.setdefault((wanted.name, wanted.rdtype), set()).update(wanted)
        else:
            raise UpdateError(dns.rcode.FORMERR)
    for (name, rdtype), values in exact.items():  # 2.4.2: the whole set must be equal, not merely contain
        if set(txn.get(name, rdtype) or ()) != values:
            raise UpdateError(dns.rcode.NXRRSET)


def _check_presence(txn: dns.transaction.Transaction, wanted: dns.rrset.RRset) -> None:
    whole_name = wanted.rdtype == dns.rdatatype.ANY
    found = txn.name_exists(wanted.name) if whole_name else txn.get(wanted.name, wanted.rdtype) is not None
    if wanted.deleting == ANY and not found:  # 2.4.4 name is in use, 2.4.1 set exists
        raise UpdateError(dns.rcode.NXDOMAIN if whole_name else dns.rcode.NXRRSET)
    if wanted.deleting == NONE and found:  # 2.4.5 name is not in use, 2.4.3 set does not exist
        raise UpdateError(dns.rcode.YXDOMAIN if whole_name else dns.rcode.YXRRSET)


def _check_change(origin: dns.name.Name, change: dns.rrset.RRset) -> None:
    if not change.name.is_subdomain(origin):
        raise UpdateError(dns.rcode.NOTZONE)
    deletes_set = change.deleting == ANY
    meta = dns.rdatatype.is_metatype(change.rdtype) and not (deletes_set and change.rdtype == dns.rdatatype.ANY)
    if meta or change.rdclass != IN or (change.deleting == NONE and change.ttl != 0):  # 3.4.1
        raise UpdateError(dns.rcode.FORMERR)


def _change(txn: dns.transaction.Transaction, origin: dns.name.Name, change: dns.rrset.RRset) -> None:
    if change.deleting == ANY:
        _delete_sets(txn, origin, change)
    elif change.deleting == NONE:
        _delete_values(txn, origin, change)
    else:
        _add(txn, origin, change)


def _delete_sets(txn: dns.transaction.Transaction, origin: dns.name.Name, change: dns.rrset.RRset) -> None:
    node = txn.get_node(change.name)
    if node is None:
        return
    wanted = [s for s in node if change.rdtype in (s.rdtype, dns.rdatatype.ANY)]
    for found in wanted:
        if not (change.name == origin and found.rdtype in (SOA, NS)):  # 3.4.2.3: the apex keeps these
            txn.delete(change.name, found.rdtype, found.covers)


def _delete_values(txn: dns.transaction.Transaction, origin: dns.name.Name, change: dns.rrset.RRset) -> None:
    found = txn.get(change.name, change.rdtype, change.covers)
    is_last_ns = (change.name, change.rdtype) == (origin, NS) and found is not None and len(found) == 1
    if found is None or change.rdtype == SOA or is_last_ns:  # 3.4.2.4
        return
    left = [value for value in found if value not in change]
    if left:
        txn.replace(change.name, dns.rdataset.from_rdata_list(found.ttl, left))
    else:
        txn.delete(change.name, change.rdtype, change.covers)


def _add(txn: dns.transaction.Transaction, origin: dns.name.Name, change: dns.rrset.RRset) -> None:
    found = txn.get(change.name, change.rdtype, change.covers)
    if _beside_cname(txn, change) or (change.rdtype == SOA and not _newer(found, change, origin)):
        return  # 3.4.2.2: both are ignored without an error
    single = change.rdtype in (CNAME, SOA)
    values = list(change) if single or found is None else [*found, *change]
    txn.replace(change.name, dns.rdataset.from_rdata_list(change.ttl, values))


def _beside_cname(txn: dns.transaction.Transaction, change: dns.rrset.RRset) -> bool:
    node = txn.get_node(change.name)
    kinds = {dns.node.NodeKind.classify_rdataset(found) for found in node or ()}
    new = dns.node.NodeKind.classify_rdataset(change)
    return {new, *kinds} >= {dns.node.NodeKind.CNAME, dns.node.NodeKind.REGULAR}


def _newer(found: dns.rdataset.Rdataset | None, change: dns.rrset.RRset, origin: dns.name.Name) -> bool:
    if change.name != origin or found is None:
        return False
    return dns.serial.Serial(change[0].serial) > dns.serial.Serial(found[0].serial)
