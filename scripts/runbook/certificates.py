"""How many days a server's certificate has left, as the server itself shows it."""

import datetime
import socket
import ssl
import struct

from cryptography import x509

CONNECT_SECONDS = 3.0
# PostgreSQL's request to go on in TLS: its length, and the number that stands for it.
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)


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
