"""A push service on loopback with one subscriber, who opens what it gets as a browser does (RFC 8291, RFC 8292)."""

import base64
import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import http_ece
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid01, Vapid02


@dataclass
class PushDouble:
    """What came, and with which statuses it is answered (the last one for ever)."""

    port: int
    answers: list[int] = field(default_factory=lambda: [201])
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    secret: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def address(self) -> str:
        """Give host and port, as the setting names them."""
        return f"127.0.0.1:{self.port}"

    def subscription(self, **more: Any) -> dict[str, Any]:
        """Give what a browser hands to the app."""
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        keys = {"p256dh": _text(point), "auth": _text(self.secret)}
        return {"endpoint": f"http://{self.address}/send/1", "keys": keys} | more

    def open(self, number: int = -1) -> dict[str, Any]:
        """Check who sent a message, decrypt it, and give it."""
        headers, body = self.came[number]
        encoding = headers["content-encoding"]
        if encoding == "aes128gcm":
            assert Vapid02.verify(headers["authorization"])
            opened = http_ece.decrypt(body, private_key=self.key, auth_secret=self.secret, version=encoding)
            return json.loads(opened)
        sent = dict(part.strip().split("=", 1) for part in headers["crypto-key"].split(";"))
        signed, _, signature = headers["authorization"].removeprefix("WebPush ").rpartition(".")
        assert Vapid01.from_raw_public(sent["p256ecdsa"].encode()).verify_token(signed.encode(), signature)
        salt = _bytes(headers["encryption"].removeprefix("salt="))
        opened = http_ece.decrypt(
            body, salt=salt, private_key=self.key, dh=_bytes(sent["dh"]), auth_secret=self.secret, version=encoding
        )
        return json.loads(opened)

    def claims(self) -> dict[str, Any]:
        """Give what the last message says of its sender."""
        headers, _ = self.came[-1]
        return json.loads(_bytes(headers["authorization"].partition("t=")[2].split(".")[1]))


@contextmanager
def listening() -> Iterator[PushDouble]:
    """Run the double meanwhile."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            double.came.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(double.answers.pop(0) if len(double.answers) > 1 else double.answers[0])
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    double = PushDouble(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield double
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
