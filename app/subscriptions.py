"""Push subscriptions: where a token's person wants to be told, of what, and from whom."""

import base64
import binascii
import datetime
from typing import Any, Literal
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import ec
from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app import promises
from app.body import Fields, invalid
from app.errors import NotFound
from app.ids import new_id, to_api
from app.models import Follow, PushSubscription

PUSH = "push"  # the promised job that sends one notification to one subscription
ALERTS = ("mention", "status", "reblog", "follow", "follow_request", "favourite", "poll", "update")
POINT_BYTES, SECRET_BYTES = 65, 16  # RFC 8291 section 3.1 and 3.2
COLUMNS = PushSubscription.__table__.columns


class Keys(Fields):
    """The keys of a subscription, URL-safe base64."""

    p256dh: str = ""
    auth: str = ""

    def check(self) -> None:
        """Raise Unprocessable for a key that is no point of P-256, or a secret of another length."""
        try:
            ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), _bytes(self.p256dh, POINT_BYTES))
        except ValueError:
            raise invalid({"p256dh": [("ERR_INVALID", "is not a key of a push subscription")]}) from None
        try:
            _bytes(self.auth, SECRET_BYTES)
        except ValueError:
            raise invalid({"auth": [("ERR_INVALID", "is not a secret of a push subscription")]}) from None


class Address(Fields):
    """Where a push service takes messages; not `standard`, they are encoded as older clients expect."""

    endpoint: str = ""
    keys: Keys = Keys()
    standard: bool = False


class Wishes(Fields):
    """What a person wants to be told of, and from whom."""

    alerts: dict[str, bool] = {}  # noqa: RUF012
    policy: Literal["all", "followed", "follower", "none"] = "all"

    def columns(self) -> dict[str, Any]:
        """Give the columns; a kind that was not named is not wanted."""
        return {"alerts": {kind: self.alerts.get(kind, False) for kind in ALERTS}, "policy": self.policy}


class NewSubscription(Fields):
    """What a client sends to be told."""

    subscription: Address = Address()
    data: Wishes = Wishes()


class ChangedSubscription(Fields):
    """What a client sends to be told of other things."""

    data: Wishes = Wishes()


async def subscribe(connection: AsyncConnection, account_id: UUID, token_id: UUID, form: NewSubscription) -> Any:
    """Keep a token's subscription in a durable transaction, in place of the one it had, and give it."""
    address = form.subscription
    address.keys.check()
    columns = {
        "account_id": account_id,
        "endpoint": address.endpoint,
        "p256dh": address.keys.p256dh,
        "auth": address.keys.auth,
        "standard": address.standard,
    } | form.data.columns()
    row = insert(PushSubscription).values(id=new_id(), token_id=token_id, **columns)
    await connection.execute(row.on_conflict_do_update(index_elements=["token_id"], set_=columns))
    return await of(connection, token_id)


async def of(connection: AsyncConnection, token_id: UUID) -> Any:
    """Give the subscription of a token; raises NotFound."""
    row = await known(connection, token_id)
    if row is None:
        raise NotFound
    return row


async def known(connection: AsyncConnection, token_id: UUID) -> Any:
    """Give the subscription of a token; None when it has none."""
    query = select(*COLUMNS).where(PushSubscription.token_id == token_id)
    return (await connection.execute(query)).one_or_none()


async def change(connection: AsyncConnection, token_id: UUID, wishes: Wishes) -> Any:
    """Change what a token's person is told of, in a durable transaction; raises NotFound."""
    mine = update(PushSubscription).where(PushSubscription.token_id == token_id)
    await connection.execute(mine.values(**wishes.columns()))
    return await of(connection, token_id)


async def end(connection: AsyncConnection, token_id: UUID) -> None:
    """Tell a token's person no more; doing it again changes nothing."""
    await connection.execute(delete(PushSubscription).where(PushSubscription.token_id == token_id))


async def promise_all(connection: AsyncConnection, kind: str, sender: UUID, notices: list[dict[str, Any]]) -> None:
    """Promise to tell every subscription that wishes it, in the transaction of the notifications."""
    by_account = {notice["account_id"]: notice["id"] for notice in notices}
    subscription = PushSubscription
    follows = select(Follow.id).where(Follow.account_id == subscription.account_id, Follow.target_id == sender)
    followed = select(Follow.id).where(Follow.account_id == sender, Follow.target_id == subscription.account_id)
    query = select(subscription.id, subscription.account_id).where(
        subscription.account_id.in_(by_account),
        subscription.alerts[kind].as_boolean(),
        or_(
            subscription.policy == "all",
            (subscription.policy == "followed") & follows.exists(),
            (subscription.policy == "follower") & followed.exists(),
        ),
    )
    now = datetime.datetime.now(datetime.UTC)
    for row in (await connection.execute(query)).all():
        what = {"subscription_id": str(row.id), "notification_id": str(by_account[row.account_id])}
        await promises.promise(connection, PUSH, what, now)


def entity(row: Any, server_key: str) -> dict[str, Any]:
    """Give the WebPushSubscription entity."""
    shown = {"endpoint": row.endpoint, "standard": row.standard, "alerts": row.alerts, "policy": row.policy}
    return {"id": to_api(row.id), **shown, "server_key": server_key}


def _bytes(text: str, length: int) -> bytes:
    """Decode URL-safe base64 with or without its padding; raises ValueError for another length."""
    try:
        found = base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))
    except binascii.Error:
        raise ValueError from None
    if len(found) != length:
        raise ValueError
    return found
