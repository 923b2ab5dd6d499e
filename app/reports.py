"""Reports: a person tells the moderators of an account or of posts."""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.accounts import load
from app.authentication import Person
from app.body import Fields, invalid
from app.durability import Writer
from app.errors import Unprocessable
from app.ids import from_api, new_id, to_api
from app.models import MediaAttachment, Report, Status
from app.visibility import visible_to

MAX_COMMENT = 1000
MAX_POSTS = 100


class NewReport(Fields):
    """What a person sends to the moderators."""

    account_id: str = ""
    status_ids: list[str] = []  # noqa: RUF012
    comment: str = ""
    category: Literal["spam", "legal", "violation", "other"] = "other"
    rule_ids: list[str] = []  # noqa: RUF012
    forward: bool = False

    def check(self) -> None:
        """Raise Unprocessable for a report of nobody, of too many posts, or with too long a comment."""
        if not self.account_id:
            raise invalid({"account_id": [("ERR_BLANK", "can't be blank")]})
        if len(self.comment) > MAX_COMMENT:
            raise invalid({"comment": [("ERR_TOO_LONG", f"is longer than {MAX_COMMENT} characters")]})
        if len(self.status_ids) > MAX_POSTS:
            raise Unprocessable(f"Validation failed: A report names at most {MAX_POSTS} posts.")


async def store(connection: AsyncConnection, writer: Writer, person: Person, form: NewReport) -> tuple[Any, Any]:
    """Write a report in a durable transaction and give (report, reported account); a retry gives the same report."""
    target = await load(connection, from_api(form.account_id))
    made = new_id()
    report_id = await writer.claim(connection, person.account_id, "report", made)
    if report_id == made:
        evidence = await _evidence(connection, person.account_id, target.id, form.status_ids)
        row = insert(Report).values(
            id=made,
            account_id=person.account_id,
            target_id=target.id,
            category="violation" if form.rule_ids else form.category,
            comment=form.comment,
            status_ids=[UUID(post["id"]) for post in evidence],
            rule_ids=form.rule_ids,
            evidence=evidence,
        )
        await connection.execute(row)
    return (await connection.execute(select(Report.__table__).where(Report.id == report_id))).one(), target


async def _evidence(
    connection: AsyncConnection, person: UUID, target: UUID, status_ids: list[str]
) -> list[dict[str, Any]]:
    """Give the reported posts as they are now, so that deleting one does not hide it from the moderators."""
    wanted = [from_api(status_id) for status_id in dict.fromkeys(status_ids)]
    query = select(Status.id, Status.text, Status.spoiler_text, Status.visibility, Status.created_at)
    mine = query.where(Status.id.in_(wanted), Status.account_id == target, visible_to(person)).order_by(Status.id)
    rows = (await connection.execute(mine)).all()
    pictures = select(MediaAttachment.status_id, MediaAttachment.key).where(MediaAttachment.status_id.in_(wanted))
    keys = (await connection.execute(pictures)).all()
    return [
        {
            "id": str(row.id),
            "text": row.text,
            "spoiler_text": row.spoiler_text,
            "visibility": row.visibility,
            "created_at": row.created_at.isoformat(),
            "pictures": [key for status_id, key in keys if status_id == row.id],
        }
        for row in rows
    ]


def entity(row: Any, account: dict[str, Any]) -> dict[str, Any]:
    """Give the Report entity."""
    return {
        "id": to_api(row.id),
        "action_taken": False,
        "action_taken_at": None,
        "category": row.category,
        "comment": row.comment,
        "forwarded": False,
        "created_at": row.created_at.isoformat(),
        "status_ids": [to_api(status_id) for status_id in row.status_ids],
        "rule_ids": row.rule_ids,
        "target_account": account,
    }
