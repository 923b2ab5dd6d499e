"""How a form of the page is taken: it is ours, its person is logged in, and its own idempotency key makes it safe to repeat."""

import datetime
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Depends, Request, Response
from starlette.datastructures import UploadFile

from app import pages
from app.authentication import Person
from app.body import Fields, body_of
from app.durability import Writer
from app.errors import Unprocessable
from app.ids import from_api
from app.pages import Browser, Draft
from app.posts import load
from app.routes.shell import Asks, View, show
from app.services import KEY, Parts, Services, Write

NO_DRAFT = Draft()
SECRET = {"password", "new_password", "code", "token"}  # never written into a page


class Form(Fields):
    """What every form of the page carries."""

    form_token: str = ""
    idempotency_key: str = ""
    back: str = "/"


Sent = TypeVar("Sent", bound=Form)


async def person(who: Asks) -> Person:
    """Hand a route the person of the browser; raises Unprocessable for one who is not logged in."""
    if who.person is None or who.person.account_id is None:
        raise Unprocessable("You are not logged in any more; log in and send it again.")
    return Person(who.person.account_id, who.person.application_id, who.person.token_id)


LoggedIn = Annotated[Person, Depends(person)]


@dataclass(frozen=True)
class Taken(Generic[Sent]):
    """A member's form that was accepted, with all that an act needs."""

    request: Request
    parts: Services
    who: Browser
    me: Person
    form: Sent
    durable: Writer

    def back(self, anchor: str = "") -> Response:
        """Send the browser back to the page that the form stood on."""
        return pages.go_back(self.form.back, anchor)

    def to(self, path: str) -> Response:
        """Send the browser to another page of ours."""
        return pages.go_back(path)

    async def card(self, status_id: str) -> Response:
        """Give the post anew to a page that exchanges it in place, and send any other back to it."""
        if "hx-request" not in self.request.headers:
            return self.back(f"p{status_id}")
        async with self.parts.database.read() as connection:
            post = await load(connection, from_api(status_id), self.me.account_id)
        return await show(self.request, self.parts, self.who, View([post]), template="card.html")


def taken(model: type[Sent]) -> Callable[..., Awaitable[Taken[Sent]]]:
    """Make the dependency that takes a member's form; raises Forbidden for one that is not from a page of ours."""

    async def take(
        request: Request,
        parts: Parts,
        who: Asks,
        me: LoggedIn,
        write: Write,
        form: Annotated[Any, Depends(body_of(model))],
    ) -> Taken[Sent]:
        accept(request, who, write, form)
        return Taken(request, parts, who, me, form, write)

    return take


Pressed = Annotated[Taken[Form], Depends(taken(Form))]


def given_answers(poll: Any) -> Any:
    """Give what a form asks in a poll, without the answers that were left empty; None when all of them were."""
    if not isinstance(poll, dict):
        return poll or None
    options = poll.get("options")
    given = (
        [option for option in options if isinstance(option, str) and option.strip()]
        if isinstance(options, list)
        else []
    )
    return poll | {"options": given} if given else None


def accept(request: Request, who: Browser, write: Write, form: Form, draft: Draft = NO_DRAFT) -> None:
    """Keep what was typed, take the form's idempotency key, and refuse a form that is not from our page."""
    request.state.draft = draft if draft.form else _again(form)
    request.state.back = form.back if pages.BACK.fullmatch(form.back) else "/"
    if KEY.fullmatch(form.idempotency_key):
        write.key = request.state.idempotency_key = form.idempotency_key
    pages.check_form(who, form.form_token)


def _again(form: Form) -> Draft:
    """Keep a form that can be sent again as it is: one without secrets and files."""
    sent = form.model_dump(exclude=set(Form.model_fields), exclude_unset=True)
    fields = list(_flat(sent))
    whole = not SECRET & set(sent) and not any(isinstance(value, UploadFile) for _, value in fields)
    return Draft("again", fields=[(name, _text(value)) for name, value in fields]) if whole else NO_DRAFT


def _flat(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Give the fields of a form as a page names them: `a[b]`, and `a[]` for each of a list; a file that is none is none."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _flat(inner, f"{name}[{key}]" if name else key)
    elif isinstance(value, list):
        for inner in value:
            yield from _flat(inner, f"{name}[]")
    elif value is not None and not (isinstance(value, UploadFile) and not value.filename):
        yield name, value


def _text(value: Any) -> str:
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return str(value).lower() if isinstance(value, bool) else str(value)
