"""What a person says of themselves: name, note, fields, and how they want to be read."""

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.datastructures import UploadFile

from app import accounts, relationships
from app.accounts import Trimmed
from app.body import Fields, invalid
from app.models import Account, FollowRequest, MediaAttachment
from app.post_columns import PUBLIC
from app.text import Language, plain_name

MAX_FIELDS = 4
LIMITS = {"display_name": 30, "note": 500}
MAX_FIELD = 255
PLAIN = ("display_name", "note", "locked", "bot", "discoverable")


class ProfileField(Fields):
    """One line of the table in a profile."""

    name: Trimmed = ""
    value: Trimmed = ""


class Source(Fields):
    """What a person's posts are like when they do not say it; `language` may be taken back."""

    privacy: Literal["public", "unlisted", "private"] | None = None
    sensitive: bool | None = None
    language: Language = None


class Profile(Fields):
    """What a person says of themselves; what is not sent stays as it is."""

    display_name: Annotated[str, AfterValidator(plain_name)] | None = None
    note: str | None = None
    locked: bool | None = None
    bot: bool | None = None
    discoverable: bool | None = None
    fields_attributes: list[ProfileField] | dict[str, ProfileField] | None = None
    source: Source = Source()
    avatar: UploadFile | str | None = None
    header: UploadFile | str | None = None

    def columns(self) -> dict[str, Any]:
        """Give the columns that were sent; raises Unprocessable for what is too long."""
        sent = {name: value for name in PLAIN if (value := getattr(self, name)) is not None}
        long = [name for name, limit in LIMITS.items() if len(sent.get(name, "")) > limit]
        if long:
            raise invalid({name: [("ERR_TOO_LONG", f"is longer than {LIMITS[name]} characters")] for name in long})
        said = self.source.model_dump(exclude_unset=True)
        sent |= {name: value for name, value in said.items() if value is not None or name == "language"}
        if self.fields_attributes is not None:
            sent["fields"] = self._fields(self.fields_attributes)
        return sent

    def _fields(self, given: list[ProfileField] | dict[str, ProfileField]) -> list[dict[str, str]]:
        rows = [row.model_dump() for row in (given.values() if isinstance(given, dict) else given)]
        kept = [row for row in rows if row["name"] or row["value"]]
        if len(kept) > MAX_FIELDS or any(len(text) > MAX_FIELD for row in kept for text in row.values()):
            raise invalid({"fields": [("ERR_INVALID", f"are at most {MAX_FIELDS}, of {MAX_FIELD} characters each")]})
        return kept

    @property
    def uploads(self) -> dict[str, UploadFile]:
        """Give the pictures that were sent, by the column that names them."""
        sent = {"avatar_key": self.avatar, "header_key": self.header}
        return {column: file for column, file in sent.items() if isinstance(file, UploadFile)}


async def own(connection: AsyncConnection, account_id: UUID) -> Any:
    """Give the columns of an account that only its owner sees; raises NotFound."""
    asked = select(func.count()).where(FollowRequest.target_id == Account.id).scalar_subquery().label("requests")
    mine = (Account.privacy, Account.sensitive, Account.language, asked)
    return await accounts.one(connection, Account.id == account_id, *PUBLIC, *mine)


async def change(connection: AsyncConnection, account_id: UUID, columns: dict[str, Any]) -> None:
    """Change an account in a durable transaction; who opens theirs takes everybody who has asked to follow."""
    if not columns:
        return
    pictures = [name for name in ("avatar_key", "header_key") if name in columns]
    if pictures:
        await _forget(connection, account_id, pictures)
    await connection.execute(update(Account).where(Account.id == account_id).values(**columns))
    if columns.get("locked") is False:
        await relationships.accept_everybody(connection, account_id)


async def _forget(connection: AsyncConnection, account_id: UUID, columns: list[str]) -> None:
    """Delete the rows of the pictures that are shown no longer, which takes them out of every bucket."""
    keys = select(*(Account.__table__.c[name] for name in columns)).where(Account.id == account_id)
    shown = [key for key in (await connection.execute(keys)).one() if key]
    mine = (MediaAttachment.account_id == account_id, MediaAttachment.status_id.is_(None))
    await connection.execute(delete(MediaAttachment).where(*mine, MediaAttachment.key.in_(shown)))
