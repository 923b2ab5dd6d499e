"""Posts, what belongs to them, and what people do with them."""

import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Key, OfAccount, OfStatus, When


class Status(Base):
    """A post, or the boost of another; its key is its time order."""

    __tablename__ = "status"
    __table_args__ = (
        Index("status_by_account", "account_id", "id"),
        Index("status_public", "id", postgresql_where=text("visibility = 'public' AND reblog_of_id IS NULL")),
        Index("status_words", text("to_tsvector('simple'::regconfig, text)"), postgresql_using="gin"),
        Index(
            "status_words_in_language",
            text("to_tsvector(text_configuration(language), text)"),
            postgresql_using="gin",
            postgresql_where=text("language IS NOT NULL"),
        ),
        Index("status_boosted_once", "reblog_of_id", "account_id", unique=True),
        Index("status_by_conversation", "conversation_id", "id", postgresql_where=text("conversation_id IS NOT NULL")),
    )

    id: Mapped[Key]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    application_id: Mapped[UUID | None] = mapped_column(ForeignKey("application.id", ondelete="SET NULL"))
    in_reply_to_id: Mapped[UUID | None] = mapped_column(ForeignKey("status.id", ondelete="SET NULL"), index=True)
    in_reply_to_account_id: Mapped[UUID | None]
    conversation_id: Mapped[UUID | None]
    reblog_of_id: Mapped[UUID | None] = mapped_column(ForeignKey("status.id", ondelete="CASCADE"))
    text: Mapped[str]
    spoiler_text: Mapped[str] = mapped_column(default="", server_default="")
    sensitive: Mapped[bool] = mapped_column(default=False, server_default="false")
    visibility: Mapped[str] = mapped_column(default="public", server_default="public")
    language: Mapped[str | None]
    created_at: Mapped[When]
    edited_at: Mapped[datetime.datetime | None]


class MediaAttachment(Base):
    """A picture of a post, or one that waits for its post; `key` is its content-addressed name in every bucket.

    `sizes` holds the smaller copies by name: {"small": {"key", "width", "height", "bytes"}, "medium": ...}.
    """

    __tablename__ = "media_attachment"
    __table_args__ = (
        Index("media_attachment_by_key", "key"),
        Index(
            "media_attachment_by_smaller_key",
            text("jsonb_path_query_array(sizes, '$.*.key'::jsonpath)"),
            postgresql_using="gin",
        ),
    )

    id: Mapped[Key]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    status_id: Mapped[UUID | None] = mapped_column(ForeignKey("status.id", ondelete="CASCADE"), index=True)
    scheduled_status_id: Mapped[UUID | None] = mapped_column(
        ForeignKey("scheduled_status.id", ondelete="SET NULL"), index=True
    )
    position: Mapped[int] = mapped_column(default=0, server_default="0")
    key: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    size: Mapped[int]
    description: Mapped[str | None]
    focus_x: Mapped[float] = mapped_column(default=0.0, server_default="0")
    focus_y: Mapped[float] = mapped_column(default=0.0, server_default="0")
    blurhash: Mapped[str | None]
    sizes: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    created_at: Mapped[When]


class Mention(Base):
    """A post names a person."""

    __tablename__ = "mention"

    status_id: Mapped[OfStatus] = mapped_column(primary_key=True)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), primary_key=True, index=True)


class StatusTag(Base):
    """A post carries a hashtag; the name is kept in lower case and without its sign."""

    __tablename__ = "status_tag"

    name: Mapped[str] = mapped_column(primary_key=True)
    status_id: Mapped[UUID] = mapped_column(ForeignKey("status.id", ondelete="CASCADE"), primary_key=True, index=True)


class StatusEdit(Base):
    """One version of a post that was edited; the first one is the post as it was published, with what its poll asked."""

    __tablename__ = "status_edit"
    __table_args__ = (Index("status_edit_by_status", "status_id", "id"),)

    id: Mapped[Key]
    status_id: Mapped[OfStatus]
    text: Mapped[str]
    spoiler_text: Mapped[str]
    sensitive: Mapped[bool]
    poll_options: Mapped[list[str] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[When]


class Favourite(Base):
    """A person likes a post."""

    __tablename__ = "favourite"
    __table_args__ = (
        UniqueConstraint("account_id", "status_id", name="favourite_once"),
        Index("favourite_by_account", "account_id", "id"),
        Index("favourite_by_status", "status_id", "id"),
    )

    id: Mapped[Key]
    account_id: Mapped[OfAccount]
    status_id: Mapped[OfStatus]
    created_at: Mapped[When]


class Bookmark(Base):
    """A person keeps a post for later; nobody else knows."""

    __tablename__ = "bookmark"
    __table_args__ = (
        UniqueConstraint("account_id", "status_id", name="bookmark_once"),
        Index("bookmark_by_account", "account_id", "id"),
        Index("bookmark_by_status", "status_id"),
    )

    id: Mapped[Key]
    account_id: Mapped[OfAccount]
    status_id: Mapped[OfStatus]
    created_at: Mapped[When]
