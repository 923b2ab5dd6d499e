"""A certificate by ACME (RFC 8555), proved by a record in the neutral DNS (DNS-01), so that it works while a site stands by.

The protocol is the work of certbot's own library; what is ours is where the proof is published: at every DNS vendor that
answers, since the authority may ask any of them.
"""

import contextlib
import datetime
from collections.abc import Callable, Generator
from dataclasses import dataclass

import josepy
import requests
from acme import challenges, client, errors, messages
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from scripts.runbook.acme_authority import Authority
from scripts.runbook.errors import CertificateRefused, VendorError, VendorsUnreachable
from scripts.runbook.nameserver import Vendor, write_texts

CALL_SECONDS = 30
ORDER_SECONDS = 300
PROOF_TTL_SECONDS = 30
KEY_BITS = 2048
"""RSA, since Front Door takes no other kind: learn.microsoft.com/azure/frontdoor/standard-premium/how-to-configure-https-custom-domain."""


@dataclass(frozen=True)
class Issued:
    """A fresh certificate: its key, itself, and the authorities between it and a root, in order."""

    key: rsa.RSAPrivateKey
    certificate: x509.Certificate
    between: tuple[x509.Certificate, ...]


def obtain(authority: Authority, hostname: str, vendors: tuple[Vendor, ...], say: Callable[[str], None]) -> Issued:
    """Order a certificate for one name, prove the name, and fetch it. An account lives for one order: no key is kept.

    Raises CertificateRefused with the authority's words, VendorsUnreachable when no vendor publishes the proof.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS)
    try:
        acme, account = _enter(authority)
        order = acme.new_order(_request(key, hostname))
        for authorization in order.authorizations:
            if authorization.body.status != messages.STATUS_VALID:
                order = _prove(acme, account, order, authorization, vendors, say)
        done = acme.finalize_order(order, _deadline())
    except (errors.Error, messages.Error, requests.RequestException, josepy.errors.Error) as reason:
        raise CertificateRefused(
            f"{authority.directory} gave no certificate for {hostname}: {_words(reason)}"
        ) from reason
    first, *between = x509.load_pem_x509_certificates(done.fullchain_pem.encode())
    return Issued(key, first, tuple(between))


def _enter(authority: Authority) -> tuple[client.ClientV2, josepy.JWK]:
    account = josepy.JWKRSA(key=rsa.generate_private_key(public_exponent=65537, key_size=KEY_BITS))
    net = client.ClientNetwork(account, user_agent="lifeboat", timeout=CALL_SECONDS)
    acme = client.ClientV2(client.ClientV2.get_directory(authority.directory, net), net)
    acme.new_account(messages.NewRegistration.from_data(email=authority.contact, terms_of_service_agreed=True))
    return acme, account


def _request(key: rsa.RSAPrivateKey, hostname: str) -> bytes:
    """Return the signing request; the common name is the app's, by which Front Door takes the name as proved."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hostname)] if len(hostname) <= 64 else [])
    names = x509.SubjectAlternativeName([x509.DNSName(hostname)])
    wanted = x509.CertificateSigningRequestBuilder().subject_name(subject).add_extension(names, critical=False)
    return wanted.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


def _prove(
    acme: client.ClientV2,
    account: josepy.JWK,
    order: messages.OrderResource,
    authorization: messages.AuthorizationResource,
    vendors: tuple[Vendor, ...],
    say: Callable[[str], None],
) -> messages.OrderResource:
    """Publish the proof of one name, let the authority look, and take it away again whatever it says."""
    offered = [one for one in authorization.body.challenges if isinstance(one.chall, challenges.DNS01)]
    if not offered:
        raise errors.ClientError("it offers no proof by DNS")
    response, proof = offered[0].response_and_validation(account)
    with _published(vendors, offered[0].validation_domain_name(authorization.body.identifier.value), proof, say):
        acme.answer_challenge(offered[0], response)
        return acme.poll_authorizations(order, _deadline())


@contextlib.contextmanager
def _published(vendors: tuple[Vendor, ...], name: str, proof: str, say: Callable[[str], None]) -> Generator[None]:
    failed = {}
    for vendor in vendors:
        try:
            write_texts(vendor, name, (proof,), PROOF_TTL_SECONDS)
        except VendorError as reason:
            failed[vendor.name] = str(reason)
            say(f"{name}: {reason}")
    if len(failed) == len(vendors):
        raise VendorsUnreachable(f"no DNS vendor publishes the proof {name}: {' '.join(failed.values())}")
    try:
        yield
    finally:
        for vendor in vendors:
            with contextlib.suppress(VendorError):
                write_texts(vendor, name, (), PROOF_TTL_SECONDS)


def _deadline() -> datetime.datetime:
    # The library compares with the local clock's own, naive, time.
    return datetime.datetime.now() + datetime.timedelta(seconds=ORDER_SECONDS)


def _words(reason: Exception) -> str:
    """Return the authority's own words: of a failed proof those that stand in the challenge."""
    if isinstance(reason, errors.ValidationError):
        said = [
            str(one.error.detail) for failed in reason.failed_authzrs for one in failed.body.challenges if one.error
        ]
        return " ".join(said) or "the proof was refused"
    return str(reason).strip() or type(reason).__name__
