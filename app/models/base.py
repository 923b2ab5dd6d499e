"""What all tables share. Every one is replicated unless its `info` says `per_site`."""

import datetime
from typing import Annotated
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, LargeBinary, Text, func
from sqlalchemy.orm import DeclarativeBase, mapped_column

from app.ids import new_id

PER_SITE = {"info": {"per_site": True}}  # put into __table_args__ of a table that must not leave its site


class Base(DeclarativeBase):
    """All tables; text columns have no length in the database, the app checks it where it can answer in a sentence."""

    type_annotation_map = {str: Text, bytes: LargeBinary, datetime.datetime: DateTime(timezone=True)}  # noqa: RUF012


Key = Annotated[UUID, mapped_column(primary_key=True, default=new_id)]
When = Annotated[datetime.datetime, mapped_column(server_default=func.now())]
OfAccount = Annotated[UUID, mapped_column(ForeignKey("account.id", ondelete="CASCADE"))]
OfStatus = Annotated[UUID, mapped_column(ForeignKey("status.id", ondelete="CASCADE"))]
