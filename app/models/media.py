"""What must become of pictures in the buckets of all sites, and what was taken down for good."""

import datetime

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from app.models.base import Base, When


class MediaOutbox(Base):
    """One bucket is not yet as it must be: the site's copy of `key` is wanted, or is to go; the newest word counts.

    `site` is `*` where nobody has said yet which buckets that means. A copy that came is a row that went; a removal
    stays for an hour with `done_at`, so that an upload of the same picture meanwhile knows that it has to store it anew,
    and is then done once more, for a copy that was under way at the first.
    """

    __tablename__ = "media_outbox"
    __table_args__ = (Index("media_outbox_by_site", "site", "created_at"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    site: Mapped[str] = mapped_column(primary_key=True)
    wanted: Mapped[bool]
    size: Mapped[int]
    created_at: Mapped[When]
    done_at: Mapped[datetime.datetime | None]


class Takedown(Base):
    """An entry of the takedown ledger that this database carried out: `entry` is its digest (SHA-256, hexadecimal)."""

    __tablename__ = "takedown"

    kind: Mapped[str] = mapped_column(primary_key=True)
    target: Mapped[str] = mapped_column(primary_key=True)
    entry: Mapped[str]
    created_at: Mapped[When]
