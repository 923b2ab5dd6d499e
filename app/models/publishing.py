"""Polls of posts, and posts that wait for their time."""

import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Key, OfAccount, When


class Poll(Base):
    """The question of a post: its answers in their order, until when one may vote."""

    __tablename__ = "poll"

    id: Mapped[Key]
    status_id: Mapped[UUID] = mapped_column(ForeignKey("status.id", ondelete="CASCADE"), unique=True)
    options: Mapped[list[str]] = mapped_column(JSONB)
    multiple: Mapped[bool]
    hide_totals: Mapped[bool]
    expires_at: Mapped[datetime.datetime]
    created_at: Mapped[When]


class PollVote(Base):
    """One person's vote for one answer, counted from 0."""

    __tablename__ = "poll_vote"
    __table_args__ = (UniqueConstraint("poll_id", "account_id", "choice", name="poll_vote_once"),)

    id: Mapped[Key]
    poll_id: Mapped[UUID] = mapped_column(ForeignKey("poll.id", ondelete="CASCADE"))
    account_id: Mapped[UUID] = mapped_column(ForeignKey("account.id", ondelete="CASCADE"), index=True)
    choice: Mapped[int]
    created_at: Mapped[When]


class ScheduledStatus(Base):
    """A post that is published at its time; `form` is what the client sent."""

    __tablename__ = "scheduled_status"
    __table_args__ = (Index("scheduled_status_by_account", "account_id", "id"),)

    id: Mapped[Key]
    account_id: Mapped[OfAccount]
    application_id: Mapped[UUID | None] = mapped_column(ForeignKey("application.id", ondelete="SET NULL"))
    scheduled_at: Mapped[datetime.datetime]
    form: Mapped[dict[str, Any]] = mapped_column(JSONB)
    created_at: Mapped[When]
