"""The double as a web application: who asks, which API, and every refusal in that API's own words."""

from pathlib import Path
from urllib.parse import parse_qsl, unquote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import Receive, Scope, Send

from scripts.embedded.gcs import json_api, uploads, xml_api
from scripts.embedded.gcs.authentication import Authentication, load_account
from scripts.embedded.gcs.calls import Call
from scripts.embedded.gcs.refusal_answers import json_refusal, xml_refusal
from scripts.embedded.gcs.refusals import Refusal, invalid, not_found
from scripts.embedded.gcs.signed_urls import SIGNATURE, SignedRequest, check_signed_url
from scripts.embedded.gcs.storage import Storage
from scripts.embedded.gcs.xml_uploads import PartUploads

_JSON_ROOTS = ("storage", "upload", "download", "resumable", "token")


class Server:
    """The ASGI application over one folder; it writes service-account.json there when there is none."""

    def __init__(self, folder: Path, url: str, seconds_between_writes: float = 1.0) -> None:
        self._url = url
        self._authentication = Authentication(load_account(folder, url))
        self._storage = Storage(folder, seconds_between_writes)
        self._sessions: uploads.Sessions = {}
        self._part_uploads: PartUploads = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        raw_path = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1")
        spell = json_refusal if raw_path.split("/")[1:2][0] in _JSON_ROOTS else xml_refusal
        try:
            response = await self._answer(request, raw_path)
        except Refusal as refusal:
            response = spell(refusal)
        except ClientDisconnect:
            return
        await response(scope, receive, send)

    async def _answer(self, request: Request, raw_path: str) -> Response:
        if raw_path == "/" and request.method in ("GET", "HEAD"):
            return PlainTextResponse("Cloud Storage double\n")
        call = Call(request, dict(parse_qsl(request.url.query, keep_blank_values=True)), self._storage, self._url)
        if raw_path == "/token":
            return await self._token(call)
        self._authenticate(call, raw_path)
        root, *segments = raw_path.strip("/").split("/")
        if root not in _JSON_ROOTS:
            return await xml_api.answer(call, *xml_api.split_path(raw_path), self._part_uploads)
        return await self._answer_json(call, root, _decoded(segments))

    async def _answer_json(self, call: Call, root: str, segments: list[str]) -> Response:
        if root != "storage" and segments[:1] == ["storage"]:
            segments = segments[1:]
        if segments[:2] != ["v1", "b"]:
            raise not_found("There is nothing at this path of the JSON API.")
        match root, segments[2:]:
            case "upload" | "resumable", [bucket, "o"]:
                return await uploads.answer(call, bucket, self._sessions)
            case "download", [_, "o", _]:
                call.query["alt"] = "media"
        return await json_api.answer(call, segments[2:])

    async def _token(self, call: Call) -> Response:
        """Exchange a signed assertion for an access token (RFC 7523)."""
        form = dict(parse_qsl((await call.small_body()).decode("latin-1")))
        return JSONResponse(self._authentication.exchange(form.get("assertion", "")))

    def _authenticate(self, call: Call, raw_path: str) -> None:
        request = call.request
        if "upload_id" in call.query and raw_path.startswith(("/upload/", "/resumable/")):
            return  # the session's own address is the permission, as with Cloud Storage
        if SIGNATURE in call.query:
            check_signed_url(
                self._authentication, SignedRequest(request.method, raw_path, request.url.query, request.headers)
            )
        else:
            self._authentication.check_bearer(request.headers.get("authorization", ""))


def _decoded(segments: list[str]) -> list[str]:
    try:
        return [unquote(segment, errors="strict") for segment in segments]
    except UnicodeDecodeError as error:
        raise invalid("The path is not UTF-8.") from error
