"""How a member reads: the pages of their lists and filters, and what they were told."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from pydantic import field_validator

from app import filters, notifications, reading_lists
from app.filters import CONTEXTS, FilterForm
from app.ids import from_api, new_id, to_api
from app.paging import PageOf
from app.reading_lists import ListForm
from app.routes.shell import Asks, FormRoute, Reader, View, older, show
from app.routes.taking import Form, Pressed, Taken, taken
from app.services import Parts

router = APIRouter(tags=["page"], route_class=FormRoute, include_in_schema=False)

DAY = 24 * 3600  # seconds
LIFETIMES = (("", "for ever"), (DAY, "for a day"), (7 * DAY, "for a week"), (30 * DAY, "for thirty days"))


class ListFields(Form, ListForm):
    """The form of a list; a box that is not ticked is not sent."""

    exclusive: bool | None = False


class MemberForm(Form):
    """The person who leaves a list."""

    account_id: str = ""


class FilterFields(Form, FilterForm):
    """The form of a filter; `words` are new ones, one a line, `dropped` the keys of those that go."""

    context: list[str] | None = []  # noqa: RUF012
    words: str = ""
    dropped: list[str] = []  # noqa: RUF012

    @field_validator("keywords_attributes", mode="before")
    @classmethod
    def _only_from_words(cls, _value: Any) -> Any:
        return []

    def with_words(self) -> "FilterFields":
        """Give itself with its words as the API takes them."""
        fresh = [{"keyword": word, "whole_word": True} for line in self.words.splitlines() if (word := line.strip())]
        self.keywords_attributes = [*fresh, *({"id": key, "_destroy": True} for key in self.dropped)]
        return self


@router.get("/lists")
async def lists(request: Request, parts: Parts, who: Asks, reader: Reader) -> Response:
    """Show the member's lists."""
    async with parts.database.read() as connection:
        found = await reading_lists.of(connection, reader)
    return await show(request, parts, who, View(heading="Lists", tab="lists"), template="lists.html", lists=found)


@router.post("/lists")
async def create_list(sent: Annotated[Taken[ListFields], Depends(taken(ListFields))]) -> Response:
    """Make a list."""
    async with sent.durable.transaction() as connection:
        list_id = await sent.durable.claim(connection, sent.me.account_id, "list", new_id())
        await reading_lists.create(connection, sent.me.account_id, list_id, _list_form(sent.form))
    return sent.to(f"/lists/{to_api(list_id)}/edit")


@router.get("/lists/{list_id}/edit")
async def edit_list(list_id: str, request: Request, parts: Parts, who: Asks, reader: Reader, page: PageOf) -> Response:
    """Show a list's name and people, to change them."""
    async with parts.database.read() as connection:
        row = await reading_lists.one(connection, reader, from_api(list_id))
        people, keys = await reading_lists.members(connection, reader, row.id, page)
    view = View(people=people, heading=row.title, tab="lists", older=older(request.url.path, keys))
    return await show(request, parts, who, view, template="list.html", listed=row)


@router.post("/lists/{list_id}/edit")
async def change_list(list_id: str, sent: Annotated[Taken[ListFields], Depends(taken(ListFields))]) -> Response:
    """Change a list."""
    async with sent.durable.transaction() as connection:
        await reading_lists.change(connection, sent.me.account_id, from_api(list_id), _list_form(sent.form))
    return sent.to(f"/lists/{list_id}/edit")


@router.post("/lists/{list_id}/take-out")
async def take_out(list_id: str, sent: Annotated[Taken[MemberForm], Depends(taken(MemberForm))]) -> Response:
    """Take a person out of a list on every live site."""
    async with sent.durable.transaction(every_standby=True) as connection:
        people = [from_api(sent.form.account_id)]
        await reading_lists.take_out(connection, sent.me.account_id, from_api(list_id), people)
    return sent.to(f"/lists/{list_id}/edit")


@router.post("/lists/{list_id}/delete")
async def delete_list(list_id: str, sent: Pressed) -> Response:
    """Delete a list on every live site."""
    async with sent.durable.transaction(every_standby=True) as connection:
        await reading_lists.remove(connection, sent.me.account_id, from_api(list_id))
    return sent.to("/lists")


def _list_form(form: ListFields) -> ListForm:
    return ListForm(**form.model_dump(include=set(ListForm.model_fields)))


@router.get("/filters")
async def all_filters(request: Request, parts: Parts, who: Asks, reader: Reader) -> Response:
    """Show the member's filters, each with its words, to change them."""
    async with parts.database.read() as connection:
        found = await filters.of(connection, reader)
    view, choices = View(heading="Filters", tab="more"), (CONTEXTS, LIFETIMES)
    return await show(request, parts, who, view, template="filters.html", filters=found, choices=choices)


@router.post("/filters")
async def create_filter(sent: Annotated[Taken[FilterFields], Depends(taken(FilterFields))]) -> Response:
    """Make a filter with its words."""
    async with sent.durable.transaction() as connection:
        filter_id = await sent.durable.claim(connection, sent.me.account_id, "filter", new_id())
        await filters.create(connection, sent.me.account_id, filter_id, sent.form.with_words())
    return sent.to("/filters")


@router.post("/filters/{filter_id}/edit")
async def change_filter(filter_id: str, sent: Annotated[Taken[FilterFields], Depends(taken(FilterFields))]) -> Response:
    """Change a filter and its words; what goes is gone on every live site."""
    async with sent.durable.transaction(every_standby=True) as connection:
        await filters.change(connection, sent.me.account_id, from_api(filter_id), sent.form.with_words())
    return sent.to("/filters")


@router.post("/filters/{filter_id}/delete")
async def delete_filter(filter_id: str, sent: Pressed) -> Response:
    """Delete a filter on every live site."""
    async with sent.durable.transaction(every_standby=True) as connection:
        await filters.remove(connection, sent.me.account_id, from_api(filter_id))
    return sent.to("/filters")


@router.post("/notifications/clear")
async def clear(sent: Pressed) -> Response:
    """Delete all of the member's notifications on every live site."""
    async with sent.durable.transaction(every_standby=True) as connection:
        await notifications.dismiss(connection, sent.me.account_id)
    return sent.to("/notifications")


@router.post("/notifications/{notification_id}/dismiss")
async def dismiss(notification_id: str, sent: Pressed) -> Response:
    """Delete one of the member's notifications on every live site."""
    async with sent.durable.transaction(every_standby=True) as connection:
        await notifications.dismiss(connection, sent.me.account_id, from_api(notification_id))
    return sent.to("/notifications")
