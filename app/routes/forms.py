"""The page's first forms: sign up, log in and out, post with pictures, delete. They work without JavaScript."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import field_validator

from app import accounts, logins, pages, scheduling, statuses
from app.accounts import NewAccount
from app.address import device_of
from app.body import body_of
from app.errors import Unprocessable
from app.ids import from_api
from app.limits import address_of
from app.logins import LogIn
from app.pages import Draft
from app.routes.sent_pictures import SentPicture, keep_pictures
from app.routes.shell import Asks, FormRoute
from app.routes.taking import Form, LoggedIn, Pressed, accept, given_answers
from app.services import Parts, Write
from app.statuses import NewStatus
from app.tokens import BROWSER_SCOPES, issue, revoke

BROWSERS = UUID(int=0)  # the scope of idempotency keys that no account owns yet

router = APIRouter(tags=["page"], route_class=FormRoute, include_in_schema=False)


class LogInForm(Form):
    """The log-in form."""

    login: str = ""
    password: str = ""
    code: str = ""


class SignUpForm(Form, NewAccount):
    """The sign-up form."""


class PostForm(Form, NewStatus):
    """The form for a new post; what was left empty in it was not sent."""

    pictures: dict[str, SentPicture] = {}  # noqa: RUF012

    _without_answers = field_validator("poll", mode="before")(given_answers)

    @field_validator("scheduled_at", "in_reply_to_id", mode="before")
    @classmethod
    def _left_empty(cls, value: Any) -> Any:
        return value or None

    def draft(self) -> Draft:
        """Keep what was typed; a browser fills in no file by itself."""
        kept: dict[str, Any] = {
            "status": self.status,
            "spoiler_text": self.spoiler_text,
            "visibility": self.visibility or "public",
        }
        kept |= {"in_reply_to_id": self.in_reply_to_id or "", "language": self.language or ""}
        kept |= {"scheduled_at": scheduling.typed(self.scheduled_at)}
        return Draft("post", kept | {"answers": self.poll.options if self.poll else []})


@router.post("/sign-up")
async def sign_up(
    request: Request, parts: Parts, who: Asks, form: Annotated[SignUpForm, Depends(body_of(SignUpForm))], write: Write
) -> Response:
    """Make an account and log in."""
    accept(request, who, write, form, Draft("sign-up", {"username": form.username, "email": form.email}))
    await parts.limits.count(write, (parts.limits.sign_up, address_of(request, parts.settings)))
    _, password_hash = await accounts.prepared(form)
    async with write.transaction() as connection:
        account_id = await accounts.register(connection, write, BROWSERS, form, password_hash, parts.settings.sign_up)
        token = await issue(connection, BROWSER_SCOPES, account_id=account_id, device=device_of(request))
    return pages.log_in(request, parts, token.secret)


@router.post("/log-in")
async def log_in(
    request: Request, parts: Parts, who: Asks, form: Annotated[LogInForm, Depends(body_of(LogInForm))], write: Write
) -> Response:
    """Begin a session."""
    accept(request, who, write, form, Draft("log-in", {"login": form.login}))
    given = LogIn(form.login, form.password, form.code)
    account_id = await logins.known(request, parts, write, given)
    if account_id is None:
        raise Unprocessable("This name and password do not belong together.")
    async with logins.completed(parts, write, account_id, given) as connection:
        token = await issue(connection, BROWSER_SCOPES, account_id=account_id, device=device_of(request))
    return pages.log_in(request, parts, token.secret)


@router.post("/log-out")
async def log_out(
    request: Request, parts: Parts, who: Asks, form: Annotated[Form, Depends(body_of(Form))], write: Write
) -> Response:
    """End the session on every live site."""
    accept(request, who, write, form)
    secret = pages.session_secret(request, parts)
    if secret is not None:
        async with write.transaction(every_standby=True) as connection:
            await revoke(connection, secret, application_id=None)
    return pages.log_out()


@router.post("/post")
async def post(
    request: Request,
    parts: Parts,
    who: Asks,
    author: LoggedIn,
    form: Annotated[PostForm, Depends(body_of(PostForm))],
    write: Write,
) -> Response:
    """Publish a post with its pictures, or keep it for its time."""
    accept(request, who, write, form, form.draft())
    form.media_ids = await keep_pictures(parts, write, author, form.pictures)
    form.check()
    later = scheduling.is_later(form)
    async with write.transaction() as connection:
        await (scheduling.schedule if later else statuses.publish)(connection, write, author, form)
    return pages.go_back("/scheduled" if later else form.back)


@router.post("/posts/{status_id}/delete")
async def delete(status_id: str, sent: Pressed) -> Response:
    """Delete a post on every live site."""
    async with sent.durable.transaction(every_standby=True) as connection:
        await statuses.remove(connection, sent.me, from_api(status_id))
    return pages.go_back("/" if status_id in sent.form.back else sent.form.back)
