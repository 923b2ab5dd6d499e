"""One name server at one vendor: what it publishes now, and one signed update that holds only if nothing moved.

Source: RFC 2136 (updates and prerequisites).
"""

import contextlib
import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.rdatatype
import dns.rrset
import dns.tsig
import dns.update

from scripts.runbook.errors import UsageError, VendorError
from scripts.runbook.tsig import make_key, name_of, read_key

CALL_SECONDS = 2.0


@dataclass(frozen=True)
class Vendor:
    """One vendor of the zone; the key comes from a file (`tsig-keygen` format) or as base64 text, never both.

    `host` is an address, not a name: on a bad night no resolver may stand between the operator and the vendor.
    Raises UsageError for anything else.
    """

    name: str
    host: str
    port: int
    zone: str
    key_name: str
    key_file: Path | None = None
    key_secret: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        try:
            ipaddress.ip_address(self.host)
        except ValueError:
            raise UsageError(f"DNS vendor {self.name}: host {self.host!r} must be an IP address.") from None
        if (self.key_file is None) == (self.key_secret is None):
            raise UsageError(f"DNS vendor {self.name}: give either key_file or key_secret.")

    def key(self) -> dns.tsig.Key:
        """The key that signs every message to this vendor; raises UsageError when it cannot be read."""
        if self.key_secret is not None:
            return make_key(self.key_name, self.key_secret)
        key = read_key(Path(str(self.key_file)))
        if key.name != name_of(self.key_name):
            raise UsageError(f"DNS vendor {self.name}: {self.key_file} holds key {key.name}, not {self.key_name}.")
        return key


@dataclass(frozen=True)
class Answer:
    """What one vendor publishes: the CNAME's target and the epoch beside it (None: no such record), or the error."""

    vendor: str
    target: str | None = None
    epoch: int | None = None
    error: str | None = None

    def carries(self, target: str, epoch: int) -> bool:
        """Whether this vendor publishes exactly this target and this epoch."""
        return self.error is None and (self.target, self.epoch) == (target, epoch)


def plain(name: dns.name.Name) -> str:
    """A name as operators write it: lower case, without the last dot."""
    return name.canonicalize().to_text(omit_final_dot=True)


def read_answer(vendor: Vendor, record: str) -> Answer:
    """Ask one vendor for the record and its epoch; raises VendorError with the reason in one sentence."""
    epoch = _read_epoch(vendor, _query(vendor, epoch_record(record), "TXT"))
    found = _records(_query(vendor, record, "CNAME"), record, "CNAME")
    if len(found) > 1:
        raise VendorError(f"{vendor.name} publishes {len(found)} CNAMEs for {record}.")
    return Answer(vendor.name, plain(found[0].target) if found else None, epoch)


def exists(vendor: Vendor, name: str) -> bool:
    """Whether the vendor's zone knows this name at all (a name outside the zone is not this vendor's to know)."""
    if not name_of(name).is_subdomain(name_of(vendor.zone)):
        return True
    return _query(vendor, name, "A").rcode() != dns.rcode.NXDOMAIN


def write_answer(vendor: Vendor, record: str, before: Answer, after: Answer, ttl: int) -> None:
    """Publish `after` if the vendor still publishes `before`; raises VendorError, also when another was faster."""
    response = _exchange(vendor, _update(vendor, record, before, after, ttl))
    if response.rcode() != dns.rcode.NOERROR:
        raise VendorError(f"{vendor.name} answered {dns.rcode.to_text(response.rcode())} to the update of {record}.")


def read_texts(vendor: Vendor, name: str) -> tuple[str, ...]:
    """Return the texts that a vendor publishes under a name; raises VendorError."""
    found = _records(_query(vendor, name, "TXT"), name, "TXT")
    return tuple(b"".join(one.strings).decode("ascii", "replace") for one in found)


def write_texts(vendor: Vendor, name: str, texts: tuple[str, ...], ttl: int) -> None:
    """Publish exactly these texts under a name, or none at all; what is written is read back. Raises VendorError."""
    message = dns.update.UpdateMessage(name_of(vendor.zone), keyring=vendor.key())
    message.delete(name_of(name), "TXT")
    for text in texts:
        message.add(name_of(name), ttl, "TXT", f'"{text}"')
    response = _exchange(vendor, message)
    if response.rcode() != dns.rcode.NOERROR:
        raise VendorError(f"{vendor.name} answered {dns.rcode.to_text(response.rcode())} to the update of {name}.")
    if set(read_texts(vendor, name)) != set(texts):
        raise VendorError(f"{vendor.name} does not publish what was written to {name}.")


def epoch_record(record: str) -> str:
    """The name of the TXT record that carries the epoch of a record."""
    return f"_epoch.{record}"


def _update(vendor: Vendor, record: str, before: Answer, after: Answer, ttl: int) -> dns.update.UpdateMessage:
    message = dns.update.UpdateMessage(name_of(vendor.zone), keyring=vendor.key())
    for name, kind, old, new in (
        (name_of(record), "CNAME", _absolute(before.target), _absolute(after.target)),
        (name_of(epoch_record(record)), "TXT", _quoted(before.epoch), _quoted(after.epoch)),
    ):
        if old is None:
            message.absent(name)
        else:
            message.present(name, kind, old)
        message.replace(name, ttl, kind, new)
    return message


def _absolute(target: str | None) -> str | None:
    return None if target is None else f"{target}."


def _quoted(epoch: int | None) -> str | None:
    return None if epoch is None else f'"{epoch}"'


def _read_epoch(vendor: Vendor, response: dns.message.Message) -> int | None:
    name = plain(response.question[0].name)
    texts = [b"".join(text.strings).decode("ascii", "replace") for text in _records(response, name, "TXT")]
    if not texts:
        return None
    if len(texts) == 1:
        with contextlib.suppress(ValueError):
            return int(texts[0])
    raise VendorError(f"{vendor.name} publishes {texts!r} as {name}, which is not one epoch.")


def _records(response: dns.message.Message, name: str, kind: str) -> list:
    wanted = dns.rdatatype.from_text(kind)
    return [r for found in response.answer if (found.name, found.rdtype) == (name_of(name), wanted) for r in found]


def _query(vendor: Vendor, name: str, kind: str) -> dns.message.Message:
    query = dns.message.make_query(name_of(name), kind)
    query.use_tsig(vendor.key())
    response = _exchange(vendor, query)
    if response.rcode() not in (dns.rcode.NOERROR, dns.rcode.NXDOMAIN):
        raise VendorError(f"{vendor.name} answered {dns.rcode.to_text(response.rcode())} for {name}.")
    if not response.flags & dns.flags.AA:
        raise VendorError(f"{vendor.name} is not authoritative for {name}.")
    return response


def _exchange(vendor: Vendor, message: dns.message.Message) -> dns.message.Message:
    where = f"{vendor.name} ({vendor.host}:{vendor.port})"
    try:
        return dns.query.tcp(message, vendor.host, timeout=CALL_SECONDS, port=vendor.port)
    except dns.exception.Timeout:
        raise VendorError(f"{where} did not answer within {CALL_SECONDS:g} s.") from None
    except (dns.exception.DNSException, OSError, EOFError) as error:
        raise VendorError(f"{where} cannot be used: {str(error) or type(error).__name__}.") from None
