"""What stands before every route."""

import asyncio

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from app.address import base_of
from app.middleware import PublicAddress


async def _say_where(request: Request) -> PlainTextResponse:
    return PlainTextResponse(base_of(request))


def test_links_use_the_public_address_whatever_the_edge_or_a_client_says() -> None:
    """It makes links to the app's own name over TLS, though the edge speaks plain HTTP under a name of its own."""
    inner = Starlette(routes=[Route("/", _say_where)])
    app = PublicAddress(inner, "https://www.social.example.org")

    async def ask(host: str) -> str:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://origin.internal") as client:
            return (await client.get("/", headers={"Host": host})).text

    answers = {asyncio.run(ask(host)) for host in ("origin.internal", "evil.example")}

    assert answers == {"https://www.social.example.org"}
