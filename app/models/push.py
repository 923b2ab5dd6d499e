"""Where a person's browsers and clients want to be told of notifications, though no page is open."""

from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Key, When


class PushSubscription(Base):
    """A push service's address and keys (RFC 8030, RFC 8291), one for each token: it ends with the session.

    `alerts` says which kinds of notifications are wanted, `policy` from whom; `standard` asks for the encoding of
    RFC 8188, which every browser of today speaks, instead of the draft of it that Mastodon's older clients expect.
    """

    __tablename__ = "push_subscription"

    id: Mapped[Key]
    token_id: Mapped[UUID] = mapped_column(ForeignKey("access_token.id", ondelete="CASCADE"), unique=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    endpoint: Mapped[str]
    p256dh: Mapped[str]
    auth: Mapped[str]
    standard: Mapped[bool]
    alerts: Mapped[dict[str, Any]] = mapped_column(JSONB)
    policy: Mapped[str]
    created_at: Mapped[When]
