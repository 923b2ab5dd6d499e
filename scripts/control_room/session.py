"""Who may look and act: a link that opens the room once, a cookie for that browser, and a proof in every form.

The room listens on loopback only, but any page in the same browser can send requests there; so a request must carry the
cookie (which no other site can send along), a form the session's proof, and the name it asks for must be this machine's.
"""

import hashlib
import hmac
import secrets
from dataclasses import dataclass, field

COOKIE = "lifeboat_room"


@dataclass
class Session:
    """One room's secrets, made when it starts and gone when it ends."""

    token: str | None = field(default_factory=lambda: secrets.token_urlsafe(24))
    cookie: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    def redeem(self, token: str) -> bool:
        """Use the link's token up; says whether it was the right one and had not been used."""
        right = self.token is not None and hmac.compare_digest(self.token.encode(), token.encode())
        if right:
            self.token = None
        return right

    def knows(self, cookie: str | None) -> bool:
        return cookie is not None and hmac.compare_digest(self.cookie.encode(), cookie.encode())

    @property
    def proof(self) -> str:
        """What every form carries, so that no other page can send one."""
        return hashlib.sha256(f"form {self.cookie}".encode()).hexdigest()

    def proves(self, proof: str) -> bool:
        return hmac.compare_digest(self.proof.encode(), proof.encode())


def is_loopback_name(host: str) -> bool:
    """Say whether a Host header names this machine by a loopback name: another name may have been pointed here."""
    name = host.rsplit(":", 1)[0] if not host.startswith("[") else host.partition("]")[0] + "]"
    return name in ("127.0.0.1", "localhost", "[::1]") or name.endswith(".localhost")


def content_security_policy(app_url: str) -> str:
    """Return the page's policy: its own files only, and the app's own page in one frame."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        f"frame-src {app_url}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
