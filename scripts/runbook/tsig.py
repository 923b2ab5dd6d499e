"""Keys that sign DNS messages: read from a file, never from a command line, since process lists are public.

Sources: RFC 8945 (TSIG); the file format is that of BIND's `tsig-keygen`, which `nsupdate -k` reads too.
"""

import base64
import os
import re
import secrets
from pathlib import Path

import dns.exception
import dns.name
import dns.tsig

from scripts.runbook.errors import UsageError

KEY_FILE = re.compile(r'key\s+"?([^"\s]+)"?\s*\{\s*algorithm\s+"?([^";\s]+)"?\s*;\s*secret\s+"([^"]+)"\s*;\s*\}\s*;')


def name_of(text: str) -> dns.name.Name:
    """The absolute DNS name of a text; raises UsageError when it is none."""
    try:
        return dns.name.from_text(text.strip())
    except (dns.exception.DNSException, UnicodeError) as error:
        raise UsageError(f"{text!r} is not a DNS name: {error}.") from None


def make_key(name: str, secret: str) -> dns.tsig.Key:
    """A TSIG key (hmac-sha256) from base64 text; raises UsageError without repeating the secret."""
    try:
        raw = base64.b64decode(secret, validate=True)
    except ValueError:
        raise UsageError(f"the secret of DNS key {name} is not base64.") from None
    if len(raw) < 16:
        raise UsageError(f"the secret of DNS key {name} has {len(raw)} bytes; at least 16 are needed.")
    return dns.tsig.Key(name_of(name), raw, dns.tsig.HMAC_SHA256)


def read_key(path: Path) -> dns.tsig.Key:
    """Read a key file in the format of `tsig-keygen`, which `nsupdate -k` reads too; raises UsageError."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"DNS key file {path} cannot be read: {error}.") from None
    found = KEY_FILE.search(text)
    if not found or found[2].lower() != "hmac-sha256":
        raise UsageError(f'DNS key file {path} must hold: key "NAME" {{ algorithm hmac-sha256; secret "BASE64"; }};')
    return make_key(found[1], found[3])


def write_key(path: Path, name: str) -> None:
    """Make a new 256-bit key and write it for its owner alone; raises FileExistsError rather than replace a key."""
    secret = base64.b64encode(secrets.token_bytes(32)).decode()
    text = f'key "{name}" {{\n    algorithm hmac-sha256;\n    secret "{secret}";\n}};\n'
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
