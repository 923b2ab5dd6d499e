"""Who may ask: one service account, its signed tokens (RS256), the access tokens exchanged for them, and signed URLs.

Sources: developers.google.com/identity/protocols/oauth2/service-account (JWT, token exchange) and
docs.cloud.google.com/storage/docs/authentication/signatures (V4). The account's JSON file is the kind that Google
issues, so its clients take it unchanged.
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from scripts.embedded.gcs.refusals import Refusal

TOKEN_SECONDS = 3600
_CLOCK_DRIFT_SECONDS = 30
# Google's own library names this audience whatever endpoint the account's file names.
_GOOGLE_TOKEN_ENDPOINT = "https://oauth2.googleapis.com/token"  # noqa: S105
ACCOUNT_FILE = "service-account.json"


def new_account() -> dict[str, Any]:
    """Make a service account with a fresh RSA key; it names no server yet (`at_server` does)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    identity = {"client_id": "1", "client_email": "lifeboat@local.iam.gserviceaccount.com", "project_id": "local"}
    return {"type": "service_account", "private_key_id": "1", "private_key": pem, **identity}


def at_server(account: dict[str, Any], url: str) -> dict[str, Any]:
    """Return the account with the addresses of the server at `url`, for clients that take them from this file."""
    return {**account, "token_uri": f"{url}/token", "gcs_base_url": url, "disable_oauth": False}


def load_account(folder: Path, url: str) -> dict[str, Any]:
    """Read the account in `folder`, or make one there, and write it back with the addresses of this server."""
    path = folder / ACCOUNT_FILE
    account = at_server(json.loads(path.read_text()) if path.exists() else new_account(), url)
    folder.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(json.dumps(account, indent=1))
    return account


class Authentication:
    """Checks requests against one service account. Tokens outlive a restart: they are signed, not remembered."""

    def __init__(self, account: dict[str, Any]) -> None:
        self.email = account["client_email"]
        self._token_uri = account["token_uri"]
        private = serialization.load_pem_private_key(account["private_key"].encode(), None)
        assert isinstance(private, rsa.RSAPrivateKey)
        self._public = private.public_key()
        self._token_key = hashlib.sha256(b"access tokens" + account["private_key"].encode()).digest()

    def check_bearer(self, authorization: str) -> None:
        """Accept `Bearer` with an access token or a self-signed JWT; raises Refusal 401."""
        kind, _, token = authorization.partition(" ")
        if kind.lower() != "bearer" or not token:
            raise unauthenticated("The request carries no credentials.")
        if token.startswith("ya29."):
            self._check_access_token(token)
        else:
            self._check_jwt(token)

    def exchange(self, assertion: str) -> dict[str, Any]:
        """Return an access token for a JWT that is meant for this token endpoint; raises Refusal 401."""
        claims = self._check_jwt(assertion)
        if claims.get("aud") not in (self._token_uri, _GOOGLE_TOKEN_ENDPOINT):
            raise unauthenticated("The assertion is meant for another token endpoint.")
        expiry = str(int(time.time()) + TOKEN_SECONDS)
        return {
            "access_token": f"ya29.{expiry}.{self._mac(expiry)}",
            "token_type": "Bearer",
            "expires_in": TOKEN_SECONDS,
        }

    def verify(self, signature: bytes, message: bytes) -> bool:
        """Say whether the account's key made this RSASSA-PKCS1-v1_5 SHA-256 signature."""
        try:
            self._public.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        except InvalidSignature:
            return False
        return True

    def _check_access_token(self, token: str) -> None:
        _, expiry, mac = [*token.split("."), "", ""][:3]
        if not expiry.isdigit() or not hmac.compare_digest(mac.encode(), self._mac(expiry).encode()):
            raise unauthenticated("The access token is not one of this server.")
        if int(expiry) < time.time():
            raise unauthenticated("The access token has expired.")

    def _check_jwt(self, token: str) -> dict[str, Any]:
        """Return the claims of a JWT of this account that is valid now."""
        try:
            head, body, signature = token.split(".")
            header, claims = json.loads(_decode(head)), json.loads(_decode(body))
            genuine = header["alg"] == "RS256" and self.verify(_decode(signature), f"{head}.{body}".encode())
            mine, issued, expires = claims["iss"] == self.email, float(claims["iat"]), float(claims["exp"])
        except (ValueError, KeyError, TypeError) as error:
            raise unauthenticated("The token is not a JSON Web Token of a service account.") from error
        if not genuine or not mine:
            raise unauthenticated("The token was not signed by a service account known here.")
        if not issued - _CLOCK_DRIFT_SECONDS <= time.time() <= expires + _CLOCK_DRIFT_SECONDS:
            raise unauthenticated("The token has expired or is not valid yet.")
        return claims

    def _mac(self, expiry: str) -> str:
        return hmac.new(self._token_key, expiry.encode(), hashlib.sha256).hexdigest()


def unauthenticated(message: str) -> Refusal:
    """Return the refusal of a request from nobody we know."""
    return Refusal(401, "authError", message)


def _decode(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError("not base64url") from error
