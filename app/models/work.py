"""What an acknowledged request promised to do later, and what a stream tells that no row shows."""

import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, Key, When


class Promise(Base):
    """A job that a request promised, written in its transaction: replicated, so that a new primary keeps it."""

    __tablename__ = "promise"
    __table_args__ = (Index("promise_open", "due_at", postgresql_where=text("done_at IS NULL")),)

    id: Mapped[Key]
    kind: Mapped[str]
    arguments: Mapped[dict[str, Any]] = mapped_column(JSONB)
    due_at: Mapped[When]
    done_at: Mapped[datetime.datetime | None]
    created_at: Mapped[When]


class StreamEvent(Base):
    """A post was changed or deleted: streams tell it, and it is gone after a while."""

    __tablename__ = "stream_event"

    id: Mapped[Key]
    kind: Mapped[str]
    status_id: Mapped[UUID]
    author_id: Mapped[UUID]
    public: Mapped[bool]
    created_at: Mapped[When]
