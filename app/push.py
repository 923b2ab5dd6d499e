"""Web Push: one notification, encrypted for one browser or client, to the push service that it named.

Messages are encrypted by RFC 8291 (RFC 8030 says how they are sent, RFC 8292 how we say who we are); clients that did not
ask for that get the draft before it, as Mastodon's documentation describes.
"""

import base64
import datetime
import json
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid01, Vapid02
from pywebpush import WebPusher
from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app import notifications
from app.durability import Writer
from app.errors import NotFound, Unavailable
from app.ids import to_api
from app.models import PushSubscription
from app.notifications import TOLD, Notice
from app.outgoing import Outgoing
from app.settings import Settings
from app.subscriptions import COLUMNS

LIFE = datetime.timedelta(days=1)  # how long a push service keeps a message, and how long we try to send it
EXCERPT = 140  # characters
GONE = {404, 410}  # RFC 8030 section 7.3: the person has ended the subscription


class Pusher:
    """Sends notifications in the name of this app, with the key that all sites share.

    `public_key` is that by which push services know us, URL-safe base64; empty when this app has no key.
    """

    def __init__(self, settings: Settings) -> None:
        self._key = settings.vapid_key.get_secret_value() if settings.vapid_key else ""
        self.public_key = _public(self._key) if self._key else ""
        self._app_url = settings.app_url or ""
        self.outgoing = Outgoing(settings.push_double)

    async def deliver(self, connection: AsyncConnection, _writer: Writer, arguments: dict[str, Any]) -> None:
        """Tell one subscription of one notification; a promised job, so it may be sent twice but is never forgotten.

        Raises NotFound for what nobody is to be told any more, and Unavailable to be tried again later.
        """
        query = select(*COLUMNS).where(PushSubscription.id == UUID(arguments["subscription_id"]))
        row = (await connection.execute(query)).one_or_none()
        if row is None or not self._key:
            raise NotFound("Nobody is to be told there any more.")
        notice = await notifications.one(connection, row.account_id, UUID(arguments["notification_id"]))
        if notice.row.created_at < datetime.datetime.now(datetime.UTC) - LIFE:
            raise NotFound("This notification is too old to be told.")
        headers, body = self._sealed(row, json.dumps(self.message(notice)).encode())
        status = await self.outgoing.post(row.endpoint, headers, body)
        if status in GONE:
            await connection.execute(delete(PushSubscription).where(PushSubscription.id == row.id))
        elif status == 429 or status >= 500:
            raise Unavailable(f"The push service answered {status}.")

    def message(self, notice: Notice) -> dict[str, Any]:
        """Give what a client shows; the token is left out, since only its digest is known here."""
        post, sender = notice.post, notice.account
        text = (post.row.spoiler_text or post.row.text) if post else ""
        picture = sender.avatar_key or "static/avatar.png"
        return {
            "preferred_locale": "en",
            "notification_id": to_api(notice.row.id),
            "notification_type": notice.row.kind,
            "icon": f"{self._app_url}/{picture}",
            "title": f"{sender.display_name or sender.username} {TOLD[notice.row.kind]}",
            "body": text if len(text) <= EXCERPT else f"{text[: EXCERPT - 1]}…",
        }

    def _sealed(self, row: Any, message: bytes) -> tuple[dict[str, str], bytes]:
        pusher = WebPusher({"endpoint": row.endpoint, "keys": {"p256dh": row.p256dh, "auth": row.auth}})
        headers = {
            "TTL": str(int(LIFE.total_seconds())),
            "Urgency": "normal",
            "Content-Type": "application/octet-stream",
        }
        claims = self._claims(row.endpoint)
        if row.standard:
            sealed = pusher.encode(message, "aes128gcm")
            signed = Vapid02.from_raw(self._key.encode()).sign(claims)
            return headers | {"Content-Encoding": "aes128gcm"} | signed, sealed["body"]
        sealed = pusher.encode(message, "aesgcm")
        dh, salt = (_text(sealed[name]) for name in ("crypto_key", "salt"))
        signed = Vapid01.from_raw(self._key.encode()).sign(claims, crypto_key=f"dh={dh}")
        return headers | {"Content-Encoding": "aesgcm", "Encryption": f"salt={salt}"} | signed, sealed["body"]

    def _claims(self, endpoint: str) -> dict[str, Any]:
        """Say whom the message is for, and where our operators are found (RFC 8292 section 2)."""
        parts = urlsplit(endpoint)
        host = urlsplit(self._app_url).hostname or "localhost"
        return {"aud": f"{parts.scheme}://{parts.netloc}", "sub": f"mailto:postmaster@{host}"}


def _public(key: str) -> str:
    point = Vapid02.from_raw(key.encode()).public_key
    assert point is not None
    encoded = point.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return base64.urlsafe_b64encode(encoded).decode().rstrip("=")


def _text(value: bytes | str) -> str:
    return (value.decode() if isinstance(value, bytes) else value).rstrip("=")
