"""What guards an account: recovery codes, reset tokens, counted attempts, names that nobody gets again."""

from uuid import UUID

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Key, When


class RecoveryCode(Base):
    """A code that stands in once for the authenticator app; kept as a digest, gone when it was used."""

    __tablename__ = "recovery_code"

    id: Mapped[Key]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    digest: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[When]


class ResetToken(Base):
    """A token with which a person sets a new password once; an operator issues it."""

    __tablename__ = "reset_token"

    id: Mapped[Key]
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    digest: Mapped[bytes] = mapped_column(unique=True)
    created_at: Mapped[When]


class Attempt(Base):
    """One try at something that is limited (`kind`); `scope` is the keyed digest of whose it is or from where it came."""

    __tablename__ = "attempt"
    __table_args__ = (Index("attempt_by_scope", "scope", "created_at"), Index("attempt_by_age", "created_at"))

    id: Mapped[Key]
    kind: Mapped[str]
    scope: Mapped[bytes]
    created_at: Mapped[When]


class RetiredName(Base):
    """The digest of a deleted person's username: nobody else may be taken for them."""

    __tablename__ = "retired_name"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    created_at: Mapped[When]
