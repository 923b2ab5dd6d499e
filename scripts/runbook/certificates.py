"""How many days a server's certificate has left, as the server itself shows it, and whether an edge lets anybody through."""

import datetime
import socket
import ssl
import struct

from cryptography import x509

from infra.spec import HEALTH_PATH

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 10.0
# PostgreSQL's request to go on in TLS: its length, and the number that stands for it.
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)


def edge_fault(edge: str, name: str, port: int = 443) -> str:
    """Ask an edge by its own name for the app's health, as a visitor would whose DNS says so; return what is wrong.

    It proves at once that the certificate is for the name and trusted, and that the edge may reach the app (on Azure a
    private link that somebody has to approve, on AWS the way from CloudFront into the network).
    """
    try:
        status, first = answer_of(edge, name, HEALTH_PATH, port)
    except OSError as reason:
        return str(reason)
    return "" if status == "200" else f"it answered {first or 'nothing'}"


def answer_of(edge: str, name: str, path: str, port: int = 443) -> tuple[str, str]:
    """Ask an edge by its own name for a path of the app, and return the status and the whole first line of its answer.

    Raises OSError (ssl.SSLError is one) where nobody trusted answers for the name.
    """
    context = ssl.create_default_context()
    asked = f"GET {path} HTTP/1.1\r\nHost: {name}\r\nConnection: close\r\n\r\n"
    with (
        socket.create_connection((edge, port), CONNECT_SECONDS) as plain,
        context.wrap_socket(plain, server_hostname=name) as secured,
    ):
        secured.settimeout(ANSWER_SECONDS)
        secured.sendall(asked.encode())
        first = secured.makefile("rb").readline(200).decode("ascii", "replace").strip()
    return "".join(first.split()[1:2]), first


def days_left(host: str, port: int, *, postgres: bool = False, name: str | None = None) -> float:
    """Return the days until the certificate that a server shows for `name` ends; below 0 when it has ended.

    Whether anybody would trust it is not asked here. Raises OSError (ssl.SSLError is one) when there is no certificate.
    """
    with socket.create_connection((host, port), CONNECT_SECONDS) as plain:
        if postgres:
            plain.sendall(_SSL_REQUEST)
            if plain.recv(1) != b"S":
                raise ssl.SSLError(f"{host}:{port} does not speak TLS")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        with context.wrap_socket(plain, server_hostname=name or host) as secured:
            shown = secured.getpeercert(binary_form=True)
    if shown is None:
        raise ssl.SSLError(f"{host}:{port} shows no certificate")
    left = x509.load_der_x509_certificate(shown).not_valid_after_utc - datetime.datetime.now(datetime.UTC)
    return left.total_seconds() / 86400
