"""The one request that makes a bucket, signed by hand for each of the three local stores.

The clouds' own libraries take 0.3 to 1 s to import; these take the standard library and one RSA signature.
Sources: AWS Signature Version 4; RFC 7523 (self-signed JWT); Azure Storage "Authorize with Shared Key".
"""

import base64
import hashlib
import hmac
import http.client
import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime
from urllib.parse import quote

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from scripts.runbook.errors import StoreDidNotAnswer

_NO_BODY = hashlib.sha256(b"").hexdigest()
_TIMEOUT_SECONDS = 10
_EXISTS = 409


def make_s3_bucket(port: int, keys: Mapping[str, str], region: str, name: str) -> None:
    """Make a bucket at an S3 server on loopback; one that is ours already counts as made."""
    now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    headers = {"host": f"127.0.0.1:{port}", "x-amz-content-sha256": _NO_BODY, "x-amz-date": now}
    names = ";".join(headers)
    lines = "".join(f"{header}:{value}\n" for header, value in headers.items())
    request = "\n".join(["PUT", f"/{quote(name)}", "", lines, names, _NO_BODY])
    scope = f"{now[:8]}/{region}/s3/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{now}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = f"AWS4{keys['secret_access_key']}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    credential = f"Credential={keys['access_key_id']}/{scope}"
    authorization = f"AWS4-HMAC-SHA256 {credential}, SignedHeaders={names}, Signature={signature}"
    _send(port, "PUT", f"/{quote(name)}", {**headers, "authorization": authorization})


def make_gcs_bucket(port: int, account: Mapping[str, str], name: str) -> None:
    """Make a bucket at a Cloud Storage server on loopback; one that is ours already counts as made."""
    # Checking our own key for soundness would take longer than all the rest.
    key = serialization.load_pem_private_key(account["private_key"].encode(), None, unsafe_skip_rsa_key_validation=True)
    assert isinstance(key, rsa.RSAPrivateKey)
    now = int(time.time())
    scope = "https://www.googleapis.com/auth/devstorage.full_control"
    claims = {
        "iss": account["client_email"],
        "sub": account["client_email"],
        "scope": scope,
        "iat": now,
        "exp": now + 300,
    }
    head = ".".join(_base64url(json.dumps(part).encode()) for part in ({"alg": "RS256", "typ": "JWT"}, claims))
    signature = _base64url(key.sign(head.encode(), padding.PKCS1v15(), hashes.SHA256()))
    headers = {"authorization": f"Bearer {head}.{signature}", "content-type": "application/json"}
    _send(port, "POST", "/storage/v1/b?project=local", headers, json.dumps({"name": name}).encode())


def make_azure_container(port: int, account: str, account_key: str, name: str) -> None:
    """Make a container at a Blob server on loopback; one that is ours already counts as made."""
    path = f"/{account}/{quote(name)}"
    headers = {"x-ms-date": format_datetime(datetime.now(UTC), usegmt=True), "x-ms-version": "2024-08-04"}
    lines = "".join(f"{header}:{value}\n" for header, value in headers.items())
    # Eleven standard headers, none of which is sent; a path-style address names the account twice.
    text = "PUT" + "\n" * 12 + f"{lines}/{account}{path}\nrestype:container"
    signature = base64.b64encode(hmac.digest(base64.b64decode(account_key), text.encode(), "sha256")).decode()
    _send(port, "PUT", f"{path}?restype=container", {**headers, "authorization": f"SharedKey {account}:{signature}"})


def _send(port: int, method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        text = answer.read(500).decode("utf-8", "replace")
    except OSError as error:
        raise StoreDidNotAnswer(
            f"The object store on port {port} does not answer ({error}); look into its log."
        ) from error
    finally:
        connection.close()
    if answer.status not in (200, 201, _EXISTS):
        raise StoreDidNotAnswer(f"The object store on port {port} refused {method} {path} with {answer.status}: {text}")


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
