"""The certificate that nobody renews for us: of a site whose edge takes one from its vault (Azure's Front Door).

AWS and Google renew theirs by themselves while the proof stands in DNS; Front Door's own need the name to point at it.
"""

import datetime
import time
from collections.abc import Callable
from dataclasses import dataclass

from cryptography import x509

from scripts.runbook.acme_authority import Authority
from scripts.runbook.errors import CertificateRefused
from scripts.runbook.key_vault import KeyVault
from scripts.runbook.nameserver import Vendor

NAME = "lifeboat-certificate"
"""The vault's certificate object, from which the stack's edge takes the newest version (infra/clouds/azure/certificate.py)."""
RENEW_BEFORE_DAYS = 30.0
SEEN_SECONDS = 30.0


@dataclass(frozen=True)
class Renewal:
    """Which vault holds the certificate, which authority gives it, for which name, proved at which DNS vendors."""

    vault_url: str
    authority: Authority
    hostname: str
    vendors: tuple[Vendor, ...]

    def days_left(self) -> float | None:
        """Return the days until the vault's certificate for the name ends; None when it holds none for it.

        Raises CertificateRefused when the vault cannot be asked.
        """
        found = KeyVault(self.vault_url).certificate(NAME)
        if found is None or self.hostname not in _names_of(found):
            return None
        return (found.not_valid_after_utc - datetime.datetime.now(datetime.UTC)).total_seconds() / 86400

    def is_due(self, days: float | None) -> bool:
        return days is None or days < RENEW_BEFORE_DAYS

    def renew(self, say: Callable[[str], None]) -> float:
        """Obtain a certificate, put it into the vault, see it there, and return its days.

        Killed in between nothing is lost: the vault keeps the last one, and the next call orders another.
        Raises CertificateRefused, VendorsUnreachable.
        """
        # Only here: the library takes a quarter of a second to load, and every command reads a platform.
        from scripts.runbook.acme_order import obtain

        vault, issued = KeyVault(self.vault_url), obtain(self.authority, self.hostname, self.vendors, say)
        vault.put(NAME, issued)
        deadline = time.monotonic() + SEEN_SECONDS
        while vault.certificate(NAME) != issued.certificate:
            if time.monotonic() > deadline:
                raise CertificateRefused(f"The vault {self.vault_url} took the certificate and does not show it.")
            time.sleep(1)
        left = issued.certificate.not_valid_after_utc - datetime.datetime.now(datetime.UTC)
        return left.total_seconds() / 86400


def _names_of(certificate: x509.Certificate) -> list[str]:
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    return found.value.get_values_for_type(x509.DNSName)
