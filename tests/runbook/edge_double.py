"""An edge on loopback that speaks TLS for the app's name, and a certificate for it."""

import contextlib
import datetime
import socket
import ssl
import threading
from collections.abc import Generator, Mapping
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


def certificate_for(name: str, folder: Path) -> Path:
    """Write a file with a key and a certificate for a name, good for ten days."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    named = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder().subject_name(named).issuer_name(named).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(now).not_valid_after(now + datetime.timedelta(days=10))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    file = folder / "edge.pem"
    secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    file.write_bytes(secret + made.public_bytes(Encoding.PEM))
    return file


@contextlib.contextmanager
def serving_edge(address: str, port: int, certificate: Path, answers: Mapping[str, str]) -> Generator[None]:
    """Serve each visitor the answer to the path that was asked for, and 404 for every other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    listener = socket.create_server((address, port))

    def serve() -> None:
        # A listener that is shut down ends the last wait for a visitor.
        with contextlib.suppress(OSError):
            while True:
                with context.wrap_socket(listener.accept()[0], server_side=True) as visitor:
                    path = visitor.recv(1000).decode().split(" ")[1]
                    visitor.sendall(f"HTTP/1.1 {answers.get(path, '404 Not Found')}\r\n\r\n".encode())

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
