"""Clients register themselves."""

import re
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from sqlalchemy import insert, select

from app.authentication import client
from app.body import Fields, body_of, invalid
from app.ids import new_id, to_api
from app.models import Application
from app.security import digest, new_secret
from app.services import Parts, Write
from app.tokens import OUT_OF_BAND, Caller, is_scope

router = APIRouter(prefix="/api/v1/apps", tags=["apps"])

MAX_NAME = 60
MAX_URIS = 20
# The scheme of RFC 3986 section 3.1; a browser would strip white space that hides another one.
ADDRESS = re.compile(r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*):[!-~]{1,2000}")
WEBSITE = re.compile(r"https?://[!-~]{1,2000}")


class NewApplication(Fields):
    """What a client says of itself; `redirect_uris` is a list, or one text with a line for each."""

    client_name: str = ""
    redirect_uris: str | list[str] = OUT_OF_BAND
    scopes: str = "read"
    website: str | None = None

    @property
    def uris(self) -> list[str]:
        """Every redirect address."""
        return self.redirect_uris if isinstance(self.redirect_uris, list) else self.redirect_uris.split()

    def check(self) -> None:
        """Raise Unprocessable for a client without a name, with odd scopes, or with addresses that could run script."""
        if not self.client_name.strip():
            raise invalid({"name": [("ERR_BLANK", "can't be blank")]})
        if len(self.client_name) > MAX_NAME:
            raise invalid({"name": [("ERR_TOO_LONG", f"is longer than {MAX_NAME} characters")]})
        if self.website and not WEBSITE.fullmatch(self.website):
            raise invalid({"website": [("ERR_INVALID", "must be an http or https address.")]})
        if not self.scopes.split() or not all(is_scope(scope) for scope in self.scopes.split()):
            raise invalid({"scopes": [("ERR_INVALID", "doesn't match configured on the server.")]})
        if not 0 < len(self.uris) <= MAX_URIS or any(not _is_address(uri) for uri in self.uris):
            raise invalid({"redirect_uri": [("ERR_INVALID", "must be an absolute URI.")]})


@router.post("")
async def register(
    form: Annotated[NewApplication, Depends(body_of(NewApplication))], parts: Parts, write: Write
) -> dict[str, Any]:
    """Register a client and show its secret, this once."""
    form.check()
    made, client_id, secret = new_id(), new_secret(), new_secret()
    row = {
        "id": made,
        "name": form.client_name.strip(),
        "website": form.website or None,
        "redirect_uris": "\n".join(form.uris),
        "scopes": " ".join(form.scopes.split()),
        "client_id": client_id,
        "secret_digest": digest(secret),
    }
    async with write.transaction() as connection:
        await connection.execute(insert(Application).values(**row))
    return _entity(row, parts.pusher.public_key) | {
        "client_id": client_id,
        "client_secret": secret,
        "client_secret_expires_at": 0,
    }


@router.get("/verify_credentials")
async def verify(
    caller: Annotated[Caller, Depends(client("read", "profile", "write", "follow", "push"))], parts: Parts
) -> dict[str, Any]:
    """Give the client that a token belongs to."""
    query = select(Application.__table__).where(Application.id == caller.application_id)
    async with parts.database.read() as connection:
        return _entity((await connection.execute(query)).one()._asdict(), parts.pusher.public_key)


def _entity(row: dict[str, Any], vapid_key: str) -> dict[str, Any]:
    uris = row["redirect_uris"].split("\n")
    return {
        "id": to_api(row["id"]),
        "name": row["name"],
        "website": row["website"],
        "scopes": row["scopes"].split(),
        "redirect_uri": row["redirect_uris"],
        "redirect_uris": uris,
        "vapid_key": vapid_key,
    }


def _is_address(uri: str) -> bool:
    found = ADDRESS.fullmatch(uri)
    return found is not None and found["scheme"].lower() not in {"javascript", "data", "vbscript", "file", "blob"}
