"""The room's forms: each carries the session's proof, plans and refuses as the command line does, and says how it ended."""

import asyncio
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Form, HTTPException, Request, Response
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from scripts.control_room.acts import Acts
from scripts.control_room.live import Live
from scripts.control_room.session import Session
from scripts.runbook.errors import LifeboatError
from scripts.runbook.requests import Wish


def live_of(request: Request) -> Live:
    return request.app.state.live


LivePart = Annotated[Live, Depends(live_of)]


def _wish(
    verb: Annotated[str, Form()],
    site: Annotated[str, Form()],
    single_copy: Annotated[bool, Form()] = False,
    accept_data_loss: Annotated[str, Form(pattern="^[0-9]*$")] = "",
) -> Wish:
    return Wish(verb, site, single_copy, int(accept_data_loss) if accept_data_loss else None)


WishPart = Annotated[Wish, Depends(_wish)]


def add_forms(app: FastAPI, session: Session, acts: Acts, *, local: bool) -> None:
    """Add every form of the page; those that harm a site only where the sites are this machine's."""

    def proved(proof: Annotated[str, Form()] = "") -> None:
        if not session.proves(proof):
            raise HTTPException(403, "This form is not this room's: open the page again.")

    guarded = [Depends(proved)]
    _moves(app, session, acts, guarded)
    _drills(app, acts, guarded)
    if local:
        _harms(app, acts, guarded)


def _moves(app: FastAPI, session: Session, acts: Acts, guarded: list[Any]) -> None:
    @app.post("/plan", dependencies=guarded)
    async def plan(live: LivePart, wish: WishPart) -> HTMLResponse:
        try:
            shown = await run_in_threadpool(acts.plan, wish)
        except LifeboatError as refusal:
            return _said(live, str(refusal), 409)
        return HTMLResponse(live.renderer.fill("plan", shown=shown, proof=session.proof))

    @app.post("/act", dependencies=guarded)
    async def act(
        live: LivePart, wish: WishPart, plan: Annotated[str, Form()], typed: Annotated[str, Form()] = ""
    ) -> HTMLResponse:
        if typed.strip() != wish.to:
            return _said(
                live, f"Type {wish.to} to act; you typed {typed.strip() or 'nothing'}. Nothing was changed.", 409
            )
        return await _done(live, lambda: acts.act(wish, plan))


def _drills(app: FastAPI, acts: Acts, guarded: list[Any]) -> None:
    @app.post("/drill", dependencies=guarded)
    async def drill(live: LivePart, kind: Annotated[str, Form()], typed: Annotated[str, Form()] = "") -> HTMLResponse:
        cluster = live.platform.cluster
        if typed.strip() != cluster:
            return _said(
                live, f"Type {cluster} to drill it; you typed {typed.strip() or 'nothing'}. Nothing was changed.", 409
            )
        return await _done(live, lambda: acts.drill(kind))


def _harms(app: FastAPI, acts: Acts, guarded: list[Any]) -> None:
    @app.post("/harm", dependencies=guarded)
    async def harm(live: LivePart, harm: Annotated[str, Form()], site: Annotated[str, Form()]) -> HTMLResponse:
        return await _done(live, lambda: acts.harm(harm, site.strip()))

    @app.post("/posting", dependencies=guarded)
    async def posting(live: LivePart, act: Annotated[str, Form()], request: Request) -> Response:
        work = live.posting.start() if act == "start" else live.posting.check()
        request.app.state.posting = asyncio.create_task(work)
        return Response(status_code=204)


async def _done(live: Live, work: Callable[[], str]) -> HTMLResponse:
    """Do something that blocks, and say how it ended; a refusal is an answer, not an error."""
    try:
        return _said(live, await run_in_threadpool(work), 200)
    except LifeboatError as refusal:
        return _said(live, str(refusal), 409)


def _said(live: Live, words: str, status: int) -> HTMLResponse:
    return HTMLResponse(live.renderer.fill("said", words=words, is_refusal=status != 200), status)
