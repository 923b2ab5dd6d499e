"""Azure's Key Vault, as far as one certificate goes: see how long it lasts, and put a newer one in its place.

Calls: learn.microsoft.com/rest/api/keyvault/certificates, get-certificate and import-certificate.
"""

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives.serialization import NoEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates

from scripts.runbook.azure_identity import token
from scripts.runbook.errors import AzureRefused, CertificateRefused

if TYPE_CHECKING:
    from scripts.runbook.acme_order import Issued

VERSION = "7.4"
RESOURCE = "https://vault.azure.net"
SECONDS = 30.0


@dataclass(frozen=True)
class KeyVault:
    """One vault by its URL."""

    url: str

    def certificate(self, name: str) -> x509.Certificate | None:
        """Return the newest version of a certificate, None when there is none yet. Raises CertificateRefused."""
        answer = self._ask("GET", f"certificates/{name}")
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        return x509.load_der_x509_certificate(base64.b64decode(self._checked(answer)["cer"]))

    def put(self, name: str, issued: "Issued") -> None:
        """Import a certificate with its key as the newest version; Front Door takes that one by itself.

        Raises CertificateRefused.
        """
        packed = serialize_key_and_certificates(
            None, issued.key, issued.certificate, list(issued.between), NoEncryption()
        )
        policy = {"secret_props": {"contentType": "application/x-pkcs12"}}
        body = {"value": base64.b64encode(packed).decode(), "policy": policy}
        self._checked(self._ask("POST", f"certificates/{name}/import", body))

    def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        try:
            return httpx.request(
                method,
                f"{self.url.rstrip('/')}/{path}",
                params={"api-version": VERSION},
                headers={"Authorization": f"Bearer {token(RESOURCE)}"},
                json=body,
                timeout=SECONDS,
            )
        except (httpx.HTTPError, KeyError, AzureRefused) as reason:
            raise CertificateRefused(
                f"The vault {self.url} cannot be used: {type(reason).__name__} {reason}"
            ) from reason

    def _checked(self, answer: httpx.Response) -> dict[str, Any]:
        if not answer.is_success:
            raise CertificateRefused(f"The vault {self.url} answered {answer.status_code}: {answer.text[:300]}")
        return answer.json()
