"""People, and what they are to each other."""

import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, ForeignKey, Index, UniqueConstraint, Uuid, literal_column, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Key, OfAccount, When


class Account(Base):
    """A person; the username is kept in lower case and is the unique handle on all sites.

    `totp_secret` is sealed, `totp_since` says since when it is asked for, `totp_step` which code was the last used.
    `locked` asks before somebody follows; a limited person (`limited_at`) is read by followers alone.
    """

    __tablename__ = "account"
    __table_args__ = (
        Index(
            "account_names",
            literal_column("((username || ' '::text) || display_name)").label("names"),
            postgresql_using="gin",
            postgresql_ops={"names": "gin_trgm_ops"},
        ),
    )

    id: Mapped[Key]
    username: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    totp_secret: Mapped[bytes | None]
    totp_since: Mapped[datetime.datetime | None]
    totp_step: Mapped[int | None] = mapped_column(BigInteger)
    display_name: Mapped[str] = mapped_column(default="", server_default="")
    note: Mapped[str] = mapped_column(default="", server_default="")
    fields: Mapped[list[dict[str, str]]] = mapped_column(JSONB, default=list, server_default="[]")
    avatar_key: Mapped[str | None]
    header_key: Mapped[str | None]
    locked: Mapped[bool] = mapped_column(default=False, server_default="false")
    bot: Mapped[bool] = mapped_column(default=False, server_default="false")
    discoverable: Mapped[bool] = mapped_column(default=True, server_default="true")
    privacy: Mapped[str] = mapped_column(default="public", server_default="public")
    sensitive: Mapped[bool] = mapped_column(default=False, server_default="false")
    language: Mapped[str | None]
    limited_at: Mapped[datetime.datetime | None]
    created_at: Mapped[When]


class Follow(Base):
    """One person reads another; `reblogs` says whether the boosts too."""

    __tablename__ = "follow"
    __table_args__ = (
        UniqueConstraint("account_id", "target_id", name="follow_once"),
        Index("follow_by_account", "account_id", "id"),
        Index("follow_by_target", "target_id", "id"),
        Index("follow_notified", "target_id", postgresql_where=text("notify")),
    )

    id: Mapped[Key]
    account_id: Mapped[OfAccount]
    target_id: Mapped[OfAccount]
    reblogs: Mapped[bool] = mapped_column(default=True, server_default="true")
    notify: Mapped[bool] = mapped_column(default=False, server_default="false")
    created_at: Mapped[When]


class FollowRequest(Base):
    """One person asks to read another, who is locked or limited."""

    __tablename__ = "follow_request"
    __table_args__ = (
        UniqueConstraint("account_id", "target_id", name="follow_request_once"),
        Index("follow_request_by_target", "target_id", "id"),
    )

    id: Mapped[Key]
    account_id: Mapped[OfAccount]
    target_id: Mapped[OfAccount]
    reblogs: Mapped[bool] = mapped_column(default=True, server_default="true")
    notify: Mapped[bool] = mapped_column(default=False, server_default="false")
    created_at: Mapped[When]


class Invitation(Base):
    """A code with which somebody may sign up; without a limit it is good for any number of people."""

    __tablename__ = "invitation"
    __table_args__ = (Index("invitation_by_account", "account_id", "id"),)

    id: Mapped[Key]
    account_id: Mapped[OfAccount]
    code: Mapped[str] = mapped_column(unique=True)
    max_uses: Mapped[int | None]
    uses: Mapped[int] = mapped_column(default=0, server_default="0")
    expires_at: Mapped[datetime.datetime | None]
    created_at: Mapped[When]


class Block(Base):
    """One person and another see nothing of each other."""

    __tablename__ = "block"
    __table_args__ = (
        UniqueConstraint("account_id", "target_id", name="block_once"),
        Index("block_by_target", "target_id"),
    )

    id: Mapped[Key]
    account_id: Mapped[OfAccount]
    target_id: Mapped[OfAccount]
    created_at: Mapped[When]


class Mute(Base):
    """One person does not want to read another, who does not learn of it."""

    __tablename__ = "mute"
    __table_args__ = (
        UniqueConstraint("account_id", "target_id", name="mute_once"),
        Index("mute_by_target", "target_id"),
    )

    id: Mapped[Key]
    account_id: Mapped[OfAccount]
    target_id: Mapped[OfAccount]
    notifications: Mapped[bool] = mapped_column(default=True, server_default="true")
    created_at: Mapped[When]


class Notification(Base):
    """What a person is told: somebody mentioned, followed, favourited or boosted; `kind` is Mastodon's word for it."""

    __tablename__ = "notification"
    __table_args__ = (Index("notification_by_account", "account_id", "id"),)

    id: Mapped[Key]
    account_id: Mapped[OfAccount]
    from_account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    status_id: Mapped[UUID | None] = mapped_column(ForeignKey("status.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str]
    created_at: Mapped[When]


class Report(Base):
    """A complaint to the moderators; `evidence` holds the posts as they were, whatever becomes of them."""

    __tablename__ = "report"
    __table_args__ = (Index("report_by_target", "target_id", "id"),)

    id: Mapped[Key]
    account_id: Mapped[OfAccount]
    target_id: Mapped[OfAccount]
    category: Mapped[str]
    comment: Mapped[str]
    status_ids: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid))
    rule_ids: Mapped[list[str]] = mapped_column(JSONB)
    evidence: Mapped[list[dict]] = mapped_column(JSONB)
    created_at: Mapped[When]
