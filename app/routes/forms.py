"""The page's forms: sign up, log in and out, post with a picture, delete. They work without JavaScript."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from starlette.datastructures import UploadFile

from app import accounts, logins, pages, statuses
from app.accounts import NewAccount
from app.address import device_of
from app.authentication import Person
from app.body import Fields, body_of
from app.errors import Unprocessable
from app.ids import from_api
from app.limits import address_of
from app.logins import LogIn
from app.pages import Browser, Draft
from app.routes.media import Description, store
from app.routes.shell import Asks, FormRoute
from app.services import KEY, Parts, Write
from app.statuses import NewStatus
from app.tokens import BROWSER_SCOPES, issue, revoke

BROWSERS = UUID(int=0)  # the scope of idempotency keys that no account owns yet

NO_DRAFT = Draft()

router = APIRouter(tags=["page"], route_class=FormRoute, include_in_schema=False)


class Form(Fields):
    """What every form of the page carries."""

    form_token: str = ""
    idempotency_key: str = ""
    back: str = "/"


class LogInForm(Form):
    """The log-in form."""

    login: str = ""
    password: str = ""
    code: str = ""


class SignUpForm(Form, NewAccount):
    """The sign-up form."""


class PostForm(Form, NewStatus):
    """The form for a new post, with at most one picture."""

    picture: UploadFile | str | None = None
    description: str = ""


def draft_of(form: PostForm) -> Draft:
    """Keep what was typed into the form for a new post."""
    kept = {"status": form.status, "description": form.description, "visibility": form.visibility or "public"}
    return Draft("post", kept | {"in_reply_to_id": form.in_reply_to_id or ""})


async def person(who: Asks) -> Person:
    """Hand a route the person of the browser; raises Unprocessable for one who is not logged in."""
    if who.person is None or who.person.account_id is None:
        raise Unprocessable("You are not logged in any more; log in and send it again.")
    return Person(who.person.account_id, who.person.application_id, who.person.token_id)


LoggedIn = Annotated[Person, Depends(person)]


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
    """Publish a post with at most one picture."""
    accept(request, who, write, form, draft_of(form))
    data = await form.picture.read() if isinstance(form.picture, UploadFile) else b""
    if data:
        row = await store(parts, write, author, data, Description(description=form.description or None))
        form.media_ids = [str(row.id.int)]
    form.check()
    async with write.transaction() as connection:
        await statuses.publish(connection, write, author, form)
    return pages.go_back(form.back)


@router.post("/posts/{status_id}/delete")
async def delete(
    status_id: str,
    request: Request,
    who: Asks,
    owner: LoggedIn,
    form: Annotated[Form, Depends(body_of(Form))],
    write: Write,
) -> Response:
    """Delete a post on every live site."""
    accept(request, who, write, form)
    async with write.transaction(every_standby=True) as connection:
        await statuses.remove(connection, owner, from_api(status_id))
    return pages.go_home()


def accept(request: Request, who: Browser, write: Write, form: Form, draft: Draft = NO_DRAFT) -> None:
    """Keep what was typed, take the form's idempotency key, and refuse a form that is not from our page."""
    request.state.draft = draft
    if KEY.fullmatch(form.idempotency_key):
        write.key = request.state.idempotency_key = form.idempotency_key
    pages.check_form(who, form.form_token)
