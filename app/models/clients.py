"""Clients, their tokens, and what a request with an idempotency key made."""

from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Key, When


class Application(Base):
    """A registered OAuth client; its secret is kept as a digest only."""

    __tablename__ = "application"

    id: Mapped[Key]
    name: Mapped[str]
    website: Mapped[str | None]
    redirect_uris: Mapped[str]
    scopes: Mapped[str]
    client_id: Mapped[str] = mapped_column(unique=True)
    secret_digest: Mapped[bytes]
    created_at: Mapped[When]


class AccessToken(Base):
    """A token, kept as a digest: for a person, for a client itself (no account), or of a browser (no application).

    `device` is what the browser or client said of itself when the token was issued.
    """

    __tablename__ = "access_token"

    id: Mapped[Key]
    digest: Mapped[bytes] = mapped_column(unique=True)
    application_id: Mapped[UUID | None] = mapped_column(ForeignKey("application.id", ondelete="CASCADE"))
    account_id: Mapped[UUID | None] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    scopes: Mapped[str]
    device: Mapped[str | None]
    created_at: Mapped[When]


class AuthorizationCode(Base):
    """A code a person gave to an application, spent once within ten minutes (RFC 6749 section 4.1, RFC 7636)."""

    __tablename__ = "authorization_code"

    id: Mapped[Key]
    digest: Mapped[bytes] = mapped_column(unique=True)
    application_id: Mapped[UUID] = mapped_column(ForeignKey("application.id", ondelete="CASCADE"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"))
    redirect_uri: Mapped[str]
    scopes: Mapped[str]
    code_challenge: Mapped[str | None]
    created_at: Mapped[When]


class IdempotencyKey(Base):
    """What a request with this key made; `scope_id` is the account or application, so two clients' keys never meet."""

    __tablename__ = "idempotency_key"

    scope_id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    target_id: Mapped[UUID]
    created_at: Mapped[When]
