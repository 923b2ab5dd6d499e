"""A certificate authority that speaks RFC 8555 and believes only what DNS says, and a vault in Key Vault's dialect.

Every request of the authority is a signed one with a nonce used once, every proof is looked up at a real name server, and
the certificate is signed by a root of its own.
"""

import base64
import datetime
import hashlib
import json
import secrets
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import dns.message
import dns.query
import dns.rdatatype
import josepy
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12
from cryptography.x509.oid import NameOID

DAYS = 90


class Server(ThreadingHTTPServer):
    """Serves what its subclass answers, on loopback."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"

    def answer(self, path: str, body: bytes, told: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        raise NotImplementedError


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, headers, said = self.server.answer(self.path, body, {**self.headers, ":method": self.command})
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(said)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else said)

    do_POST = do_HEAD = do_PATCH = do_PUT = do_GET  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the test reads the answers."""


@contextmanager
def serving(server: Server) -> Generator[Server]:
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Authority(Server):
    """RFC 8555, sections 7.1 to 7.5 and 8.4; `name_server` is whom it asks for proofs."""

    def __init__(self, name_server: int) -> None:
        super().__init__()
        self.name_server = name_server
        self.nonces: set[str] = set()
        self.accounts: dict[str, josepy.JWK] = {}
        self.contacts: list[Any] = []
        self.order: dict[str, Any] = {}
        self.token, self.valid, self.seen = secrets.token_urlsafe(24), False, ()
        self.refuses = ""
        self.pem = b""
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.root = self._sign("An authority of this test", self.key.public_key(), ())

    def answer(self, path: str, body: bytes, told: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        if path == "/directory":
            names = {
                "newNonce": "nonce",
                "newAccount": "account",
                "newOrder": "order",
                "revokeCert": "x",
                "keyChange": "x",
            }
            return self._reply(200, {name: f"{self.url}/{place}" for name, place in names.items()})
        if path == "/nonce":
            return self._reply(204, None)
        try:
            return self._signed(path, body)
        except Refusal as refused:
            problem = {"type": f"urn:ietf:params:acme:error:{refused.kind}", "detail": refused.detail}
            return self._reply(403, problem)

    def _signed(self, path: str, body: bytes) -> tuple[int, dict[str, str], bytes]:
        payload, account = self._opened(path, body)
        if path == "/account":
            self.contacts.append(payload.get("contact"))
            return self._reply(201, {"status": "valid"}, f"{self.url}/account/{len(self.accounts)}")
        if path == "/order":
            if self.refuses:
                raise Refusal("rejectedIdentifier", self.refuses)
            self.order = {"identifiers": payload["identifiers"], "authorizations": [f"{self.url}/authz"]}
            self.order |= {"status": "pending", "finalize": f"{self.url}/finalize"}
            return self._reply(201, self.order, f"{self.url}/order/1")
        if path == "/challenge":
            self._look(account)
            status, headers, said = self._reply(200, self._challenge())
            return status, headers | {"Link": f'<{self.url}/authz>;rel="up"'}, said
        if path == "/finalize":
            self._issue(payload["csr"])
        if path == "/cert":
            return (200, {"Content-Type": "application/pem-certificate-chain", "Replay-Nonce": self._nonce()}, self.pem)
        if path == "/authz":
            state = "valid" if self.valid else "invalid" if self.seen else "pending"
            return self._reply(
                200, {"identifier": self.order["identifiers"][0], "status": state, "challenges": [self._challenge()]}
            )
        return self._reply(200, self.order)

    def _opened(self, path: str, body: bytes) -> tuple[dict[str, Any], josepy.JWK]:
        """Check the signature, the nonce and the URL of a request (sections 6.2, 6.4, 6.5)."""
        jws = json.loads(body)
        protected = json.loads(josepy.decode_b64jose(jws["protected"]))
        if protected["nonce"] not in self.nonces or protected["url"] != f"{self.url}{path}":
            raise Refusal("badNonce", "a nonce used twice, or another URL")
        self.nonces.remove(protected["nonce"])
        if "jwk" in protected:
            kid = f"{self.url}/account/{len(self.accounts) + 1}"
            self.accounts[kid] = josepy.JWK.from_json(protected["jwk"])
        else:
            kid = protected["kid"]
        signed = f"{jws['protected']}.{jws['payload']}".encode()
        key = self.accounts[kid]
        if not josepy.RS256.verify(key.key, signed, josepy.decode_b64jose(jws["signature"])):
            raise Refusal("malformed", "the signature is wrong")
        return json.loads(josepy.decode_b64jose(jws["payload"]) or b"{}"), key

    def _look(self, account: josepy.JWK) -> None:
        """Ask DNS for the key authorization's digest (section 8.4)."""
        name = f"_acme-challenge.{self.order['identifiers'][0]['value']}."
        asked = dns.message.make_query(name, "TXT")
        answer = dns.query.tcp(asked, "127.0.0.1", port=self.name_server, timeout=5)
        found = [b"".join(one.strings) for part in answer.answer if part.rdtype == dns.rdatatype.TXT for one in part]
        thumb = josepy.encode_b64jose(account.thumbprint())
        digest = hashlib.sha256(f"{self.token}.{thumb}".encode()).digest()
        self.seen = (*self.seen, tuple(found))
        self.valid = josepy.encode_b64jose(digest).encode() in found
        self.order["status"] = "ready" if self.valid else "invalid"

    def _challenge(self) -> dict[str, Any]:
        state = "valid" if self.valid else "invalid" if self.seen else "pending"
        found: dict[str, Any] = {"type": "dns-01", "url": f"{self.url}/challenge", "token": self.token, "status": state}
        if state == "invalid":
            found["error"] = {"type": "urn:ietf:params:acme:error:unauthorized", "detail": f"DNS says {self.seen[-1]}"}
        return found

    def _issue(self, csr: str) -> None:
        if not self.valid:
            raise Refusal("orderNotReady", "nothing is proved")
        wanted = x509.load_der_x509_csr(josepy.decode_b64jose(csr))
        names = wanted.extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(
            x509.DNSName
        )
        assert wanted.is_signature_valid
        assert names == [one["value"] for one in self.order["identifiers"]]
        issued = self._sign(names[0], wanted.public_key(), names)
        self.pem = issued.public_bytes(Encoding.PEM) + self.root.public_bytes(Encoding.PEM)
        self.order |= {"status": "valid", "certificate": f"{self.url}/cert"}

    def _sign(self, name: str, key: Any, names: Any) -> x509.Certificate:
        now = datetime.datetime.now(datetime.UTC)
        built = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
            .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An authority of this test")]))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(hours=1))
            .not_valid_after(now + datetime.timedelta(days=DAYS))
        )
        if names:
            built = built.add_extension(
                x509.SubjectAlternativeName([x509.DNSName(one) for one in names]), critical=False
            )
        return built.sign(self.key, hashes.SHA256())

    def _reply(self, status: int, body: Any, location: str = "") -> tuple[int, dict[str, str], bytes]:
        headers = {"Replay-Nonce": self._nonce(), **({"Location": location} if location else {})}
        return status, headers, b"" if body is None else json.dumps(body).encode()

    def _nonce(self) -> str:
        self.nonces.add(nonce := secrets.token_urlsafe(12))
        return nonce


class Refusal(Exception):
    """The authority says no."""

    def __init__(self, kind: str, detail: str) -> None:
        super().__init__(detail)
        self.kind, self.detail = kind, detail


class Vault(Server):
    """Certificates by name, newest last, and the identity endpoint beside a container; it takes its own token alone."""

    TOKEN, HEADER = "token-for-vaults", "header-of-this-container"

    def __init__(self) -> None:
        super().__init__()
        self.held: dict[str, list[x509.Certificate]] = {}
        self.chains: list[int] = []
        self.down = False

    def answer(self, path: str, body: bytes, told: Mapping[str, str]) -> tuple[int, dict[str, str], bytes]:
        place = path.partition("?")[0]
        if place == "/identity" and told.get("X-IDENTITY-HEADER", told.get("x-identity-header")) == self.HEADER:
            return 200, {}, json.dumps({"access_token": self.TOKEN}).encode()
        if self.down or told.get("Authorization", told.get("authorization")) != f"Bearer {self.TOKEN}":
            return 403, {}, b'{"error": {"code": "ForbiddenByFirewall"}}'
        name = place.split("/")[2]
        if place.endswith("/import"):
            found = load_pkcs12(base64.b64decode(json.loads(body)["value"]), None)
            assert found.cert is not None
            assert found.key is not None
            assert json.loads(body)["policy"]["secret_props"]["contentType"] == "application/x-pkcs12"
            assert found.key.public_key() == found.cert.certificate.public_key()
            self.held.setdefault(name, []).append(found.cert.certificate)
            self.chains.append(len(found.additional_certs))
        if name not in self.held:
            return 404, {}, b'{"error": {"code": "CertificateNotFound"}}'
        return (
            200,
            {},
            json.dumps({"cer": base64.b64encode(self.held[name][-1].public_bytes(Encoding.DER)).decode()}).encode(),
        )
