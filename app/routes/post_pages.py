"""What belongs to a post and has a page of its own: change it, its versions, report it; posts that wait for their time."""

import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import field_validator

from app import accounts, edits, interactions, reports, scheduling
from app.descriptions import Description
from app.errors import NotFound
from app.ids import from_api, to_api
from app.pages import viewer_of
from app.paging import PageOf
from app.posts import load
from app.reports import NewReport
from app.routes.sent_pictures import SentPicture, keep_pictures
from app.routes.shell import Asks, FormRoute, Reader, View, older, show
from app.routes.taking import Form, Pressed, Taken, given_answers, taken
from app.services import Parts

router = APIRouter(tags=["page"], route_class=FormRoute, include_in_schema=False)


class KeptPicture(Description):
    """A picture that the post has already; `dropped` takes it off."""

    dropped: bool = False


class EditForm(Form, edits.ChangedStatus):
    """The form that changes a post: `kept` are the pictures that it has, by their ids, `pictures` are new ones."""

    kept: dict[str, KeptPicture] | None = None
    pictures: dict[str, SentPicture] = {}  # noqa: RUF012

    _without_answers = field_validator("poll", mode="before")(given_answers)

    def with_pictures(self, new: list[str]) -> "EditForm":
        """Give itself with its pictures as the API takes them; a form without any leaves them as they are."""
        kept = self.kept or {}
        if kept or new:
            self.media_ids = [*(key for key, picture in kept.items() if not picture.dropped), *new]
            self.media_attributes = [edits.ChangedPicture(id=key, **one.model_dump()) for key, one in kept.items()]
        return self


class ReportForm(Form, NewReport):
    """The form that tells the moderators of somebody."""


class MoveForm(Form):
    """When a scheduled post is to be published instead (a time without a zone is UTC)."""

    scheduled_at: datetime.datetime | None = None


@router.get("/posts/{status_id}/edit")
async def editing(status_id: str, request: Request, parts: Parts, who: Asks, reader: Reader) -> Response:
    """Show the form that changes a post of the member's own."""
    async with parts.database.read() as connection:
        post = await load(connection, from_api(status_id), reader)
    if post.row.account_id != reader or post.row.reblog_of_id:
        raise NotFound
    view = View([post], heading="Edit your post")
    return await show(request, parts, who, view, template="edit.html", post=post)


@router.post("/posts/{status_id}/edit")
async def edit(status_id: str, sent: Annotated[Taken[EditForm], Depends(taken(EditForm))]) -> Response:
    """Change a post; every version is kept."""
    form = sent.form.with_pictures(await keep_pictures(sent.parts, sent.durable, sent.me, sent.form.pictures))
    async with sent.durable.transaction() as connection:
        post = await edits.edit(connection, sent.me, from_api(status_id), form)
    return sent.to(f"/@{post.account.username}/{to_api(post.row.id)}")


@router.get("/posts/{status_id}/history")
async def history(status_id: str, request: Request, parts: Parts, who: Asks) -> Response:
    """Show every version of a post, the newest first."""
    async with parts.database.read() as connection:
        post, versions = await edits.history(connection, from_api(status_id), viewer_of(who))
    view = View([post], heading="How this post changed")
    return await show(request, parts, who, view, template="history.html", post=post, versions=versions[::-1])


@router.get("/posts/{status_id}/liked-by")
async def liked_by(status_id: str, request: Request, parts: Parts, who: Asks, page: PageOf) -> Response:
    """Show who likes a post."""
    viewer = viewer_of(who)
    async with parts.database.read() as connection:
        people, keys = await interactions.favourited_by(connection, viewer, from_api(status_id), page)
    return await _people(request, parts, who, "Who likes this post", people, keys)


@router.get("/posts/{status_id}/boosted-by")
async def boosted_by(status_id: str, request: Request, parts: Parts, who: Asks, page: PageOf) -> Response:
    """Show who boosted a post."""
    viewer = viewer_of(who)
    async with parts.database.read() as connection:
        people, keys = await interactions.boosted_by(connection, viewer, from_api(status_id), page)
    return await _people(request, parts, who, "Who boosted this post", people, keys)


async def _people(request: Request, parts: Parts, who: Asks, title: str, people: list[Any], keys: Any) -> Response:
    view = View(people=people, heading=title, older=older(request.url.path, keys))
    return await show(request, parts, who, view, template="people.html", acts=(), empty="Nobody yet.")


@router.get("/posts/{status_id}/report")
async def reporting_post(status_id: str, request: Request, parts: Parts, who: Asks, reader: Reader) -> Response:
    """Show the form that reports a post."""
    async with parts.database.read() as connection:
        post = await load(connection, from_api(status_id), reader)
    return await _reporting(request, parts, who, post.account, post)


@router.get("/people/{account_id}/report")
async def reporting_person(account_id: str, request: Request, parts: Parts, who: Asks, _reader: Reader) -> Response:
    """Show the form that reports a person."""
    async with parts.database.read() as connection:
        account = await accounts.load(connection, from_api(account_id))
    return await _reporting(request, parts, who, account, None)


async def _reporting(request: Request, parts: Parts, who: Asks, account: Any, post: Any) -> Response:
    view = View(heading=f"Report @{account.username}")
    return await show(request, parts, who, view, template="report.html", reported=account, post=post)


@router.post("/reports")
async def report(sent: Annotated[Taken[ReportForm], Depends(taken(ReportForm))]) -> Response:
    """Tell the moderators."""
    sent.form.check()
    async with sent.durable.transaction() as connection:
        await reports.store(connection, sent.durable, sent.me, sent.form)
    return sent.to("/reports/sent")


@router.get("/reports/sent")
async def reported(request: Request, parts: Parts, who: Asks, _reader: Reader) -> Response:
    """Say that a report was taken."""
    return await show(request, parts, who, View(heading="Thank you"), template="reported.html")


@router.get("/scheduled")
async def scheduled(request: Request, parts: Parts, who: Asks, reader: Reader, page: PageOf) -> Response:
    """Show the member's posts that wait for their time."""
    async with parts.database.read() as connection:
        waiting = await scheduling.listed(connection, reader, page)
    view = View(heading="Scheduled posts", tab="more", older=older("/scheduled", [row.id for row, _ in waiting]))
    return await show(request, parts, who, view, template="scheduled.html", waiting=waiting)


@router.post("/scheduled/{scheduled_id}/move")
async def move(scheduled_id: str, sent: Annotated[Taken[MoveForm], Depends(taken(MoveForm))]) -> Response:
    """Give a scheduled post another time."""
    when = scheduling.checked_time(sent.form.scheduled_at)
    async with sent.durable.transaction() as connection:
        await scheduling.move(connection, sent.me.account_id, from_api(scheduled_id), when)
    return sent.to("/scheduled")


@router.post("/scheduled/{scheduled_id}/cancel")
async def cancel(scheduled_id: str, sent: Pressed) -> Response:
    """Drop a scheduled post on every live site."""
    async with sent.durable.transaction(every_standby=True) as connection:
        await scheduling.cancel(connection, sent.me.account_id, from_api(scheduled_id))
    return sent.to("/scheduled")
