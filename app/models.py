"""The tables. Every one is replicated unless its `info` says `per_site`."""

import datetime
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Index, LargeBinary, Text, func
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from app.ids import new_id

PER_SITE = {"info": {"per_site": True}}  # put into __table_args__ of a table that must not leave its site


class Base(DeclarativeBase):
    """All tables; text columns have no length in the database, the app checks it where it can answer in a sentence."""

    type_annotation_map = {str: Text, bytes: LargeBinary, datetime.datetime: DateTime(timezone=True)}  # noqa: RUF012


class Account(Base):
    """A person; the username is kept in lower case and is the unique handle on all sites."""

    __tablename__ = "account"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    username: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str] = mapped_column(unique=True)
    password_hash: Mapped[str]
    display_name: Mapped[str] = mapped_column(default="", server_default="")
    note: Mapped[str] = mapped_column(default="", server_default="")
    created_at: Mapped[datetime.datetime] = mapped_column(server_default=func.now())


class Application(Base):
    """A registered OAuth client; its secret is kept as a digest only."""

    __tablename__ = "application"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str]
    website: Mapped[str | None]
    redirect_uris: Mapped[str]
    scopes: Mapped[str]
    client_id: Mapped[str] = mapped_column(unique=True)
    secret_digest: Mapped[bytes]
    created_at: Mapped[datetime.datetime] = mapped_column(server_default=func.now())


class AccessToken(Base):
    """A token, kept as a digest: for a person, for a client itself (no account), or of a browser (no application)."""

    __tablename__ = "access_token"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    digest: Mapped[bytes] = mapped_column(unique=True)
    application_id: Mapped[UUID | None] = mapped_column(ForeignKey("application.id", ondelete="CASCADE"))
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    scopes: Mapped[str]
    created_at: Mapped[datetime.datetime] = mapped_column(server_default=func.now())


class AuthorizationCode(Base):
    """A code a person gave to an application, spent once within ten minutes (RFC 6749 section 4.1, RFC 7636)."""

    __tablename__ = "authorization_code"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    digest: Mapped[bytes] = mapped_column(unique=True)
    application_id: Mapped[UUID] = mapped_column(ForeignKey("application.id", ondelete="CASCADE"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    redirect_uri: Mapped[str]
    scopes: Mapped[str]
    code_challenge: Mapped[str | None]
    created_at: Mapped[datetime.datetime] = mapped_column(server_default=func.now())


class Status(Base):
    """A post; its key is its time order."""

    __tablename__ = "status"
    __table_args__ = (Index("status_by_account", "account_id", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    application_id: Mapped[UUID | None] = mapped_column(ForeignKey("application.id", ondelete="SET NULL"))
    in_reply_to_id: Mapped[UUID | None] = mapped_column(ForeignKey("status.id", ondelete="SET NULL"), index=True)
    in_reply_to_account_id: Mapped[UUID | None]
    text: Mapped[str]
    spoiler_text: Mapped[str] = mapped_column(default="", server_default="")
    sensitive: Mapped[bool] = mapped_column(default=False, server_default="false")
    visibility: Mapped[str] = mapped_column(default="public", server_default="public")
    language: Mapped[str | None]
    created_at: Mapped[datetime.datetime] = mapped_column(server_default=func.now())


class MediaAttachment(Base):
    """A picture of a post, or one that waits for its post; `key` is its content-addressed name in every bucket."""

    __tablename__ = "media_attachment"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    status_id: Mapped[UUID | None] = mapped_column(ForeignKey("status.id", ondelete="CASCADE"), index=True)
    position: Mapped[int] = mapped_column(default=0, server_default="0")
    key: Mapped[str]
    width: Mapped[int]
    height: Mapped[int]
    size: Mapped[int]
    description: Mapped[str | None]
    focus_x: Mapped[float] = mapped_column(default=0.0, server_default="0")
    focus_y: Mapped[float] = mapped_column(default=0.0, server_default="0")
    created_at: Mapped[datetime.datetime] = mapped_column(server_default=func.now())


class IdempotencyKey(Base):
    """What a request with this key made; `scope_id` is the account or application, so two clients' keys never meet."""

    __tablename__ = "idempotency_key"

    scope_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    target_id: Mapped[UUID]
    created_at: Mapped[datetime.datetime] = mapped_column(server_default=func.now())
