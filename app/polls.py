"""Polls: the question of a post, and the votes."""

import datetime
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from app.body import Fields, invalid
from app.errors import NotFound, Unprocessable
from app.ids import new_id
from app.models import Poll, PollVote, Status
from app.post_columns import MAX_OPTIONS
from app.posts import Post, load
from app.promises import promise

ENDED = "poll ended"  # the promised job that tells it
MAX_OPTION = 50  # characters
DURATION = (300, 2_629_746)  # seconds: five minutes to a month


@dataclass(frozen=True)
class Ended:
    """A poll that has ended: its post, the post's author, and everybody who is told."""

    status_id: UUID
    author: UUID
    voters: list[UUID]


class NewPoll(Fields):
    """What a client sends for a poll; `expires_in` is in seconds."""

    options: list[str] = []  # noqa: RUF012
    expires_in: int = 0
    multiple: bool = False
    hide_totals: bool = False

    def check(self) -> None:
        """Raise Unprocessable for too few, too many, doubled or odd answers, and for an odd duration."""
        self.options = [option.strip() for option in self.options]
        if not 2 <= len(self.options) <= MAX_OPTIONS or not all(self.options):
            raise invalid({"options": [("ERR_INVALID", f"must be 2 to {MAX_OPTIONS} answers, and none may be empty")]})
        if len(set(self.options)) != len(self.options):
            raise invalid({"options": [("ERR_INVALID", "contain duplicate items")]})
        if any(len(option) > MAX_OPTION for option in self.options):
            raise invalid({"options": [("ERR_TOO_LONG", f"cannot be longer than {MAX_OPTION} characters each")]})
        shortest, longest = DURATION
        if not shortest <= self.expires_in <= longest:
            raise invalid({"expires_at": [("ERR_INVALID", f"must be {shortest} to {longest} seconds from now")]})


async def create(connection: AsyncConnection, status_id: UUID, form: NewPoll) -> None:
    """Give a post its poll, in the transaction of the post, and promise to tell its end."""
    made = new_id()
    ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=form.expires_in)
    await promise(connection, ENDED, {"poll_id": str(made)}, ends)
    row = {"options": form.options, "multiple": form.multiple, "hide_totals": form.hide_totals, "expires_at": ends}
    await connection.execute(insert(Poll).values(id=made, status_id=status_id, **row))


async def replace(connection: AsyncConnection, post: Post, form: NewPoll | None) -> bool:
    """Give an edited post another poll without votes, and say whether it did: the same answers keep theirs."""
    known = post.row.poll
    if form is None or (known and known["options"] == form.options and known["multiple"] == form.multiple):
        return False
    await connection.execute(delete(Poll).where(Poll.status_id == post.row.id))
    await create(connection, post.row.id, form)
    return True


async def show(connection: AsyncConnection, poll_id: UUID, viewer: UUID | None) -> Post:
    """Give the post of a poll that `viewer` may see; raises NotFound."""
    status_id = await connection.scalar(select(Poll.status_id).where(Poll.id == poll_id))
    if status_id is None:
        raise NotFound
    return await load(connection, status_id, viewer)


async def vote(connection: AsyncConnection, poll_id: UUID, person: UUID, choices: list[int]) -> Post:
    """Vote in a durable transaction and give the post; the same vote again changes nothing.

    Raises Unprocessable for a poll that has ended, a second and different vote, one's own poll, and odd answers.
    """
    # Two votes of one person at the same time take turns: the second must see the first.
    turn = func.hashtextextended(f"vote {poll_id} {person}", 0)
    await connection.execute(select(func.pg_advisory_xact_lock(turn)))
    post = await show(connection, poll_id, person)
    poll, wanted = post.row.poll, sorted(set(choices))
    if poll["own"] and poll["own"] == wanted:
        return post
    _check_vote(post, poll, wanted, person)
    rows = [{"id": new_id(), "poll_id": poll_id, "account_id": person, "choice": choice} for choice in wanted]
    await connection.execute(insert(PollVote), rows)
    return await load(connection, post.row.id, person)


def _check_vote(post: Post, poll: dict[str, Any], choices: list[int], person: UUID) -> None:
    if poll["expired"]:
        raise Unprocessable("Validation failed: The poll has already ended")
    if poll["own"]:
        raise Unprocessable("Validation failed: You have already voted on this poll")
    if post.row.account_id == person:
        raise Unprocessable("Validation failed: You cannot vote in your own polls")
    if not choices or not all(0 <= choice < len(poll["options"]) for choice in choices):
        raise Unprocessable("Validation failed: The chosen vote option does not exist")
    if len(choices) > 1 and not poll["multiple"]:
        raise Unprocessable("Validation failed: This poll takes one answer")


async def ended(connection: AsyncConnection, poll_id: UUID) -> Ended | None:
    """Give a poll's post and everybody who is to be told of its end; None for one that is gone."""
    query = select(Poll.status_id, Status.account_id).join(Status, Status.id == Poll.status_id)
    row = (await connection.execute(query.where(Poll.id == poll_id))).one_or_none()
    if row is None:
        return None
    voters = await connection.scalars(select(PollVote.account_id).distinct().where(PollVote.poll_id == poll_id))
    return Ended(row.status_id, row.account_id, sorted({*voters, row.account_id}))
