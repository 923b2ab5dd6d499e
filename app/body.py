"""Reads a request's fields as Mastodon's API takes them: JSON, a form or the query, all the same to a route."""

import json
from collections.abc import AsyncGenerator, Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.datastructures import FormData, QueryParams
from starlette.requests import Request

from app.errors import BadRequest, Unprocessable

MAX_FILES = 8
MAX_FIELDS = 200
MAX_DEPTH = 4


class Fields(BaseModel):
    """Base of every request body: unknown fields are left alone, as clients of newer servers send some."""

    model_config = ConfigDict(extra="ignore", arbitrary_types_allowed=True, str_max_length=20_000)


Model = TypeVar("Model", bound=Fields)


def body_of(model: type[Model]) -> Callable[[Request], AsyncGenerator[Model]]:
    """Make the dependency that reads and checks a body; raises BadRequest or Unprocessable with one sentence."""

    async def read(request: Request) -> AsyncGenerator[Model]:
        try:
            yield checked(model, await read_fields(request))
        finally:
            await request.close()  # drops the files of a form

    read.reads = model  # ty: ignore[missing-attribute]  # for the description of the API
    return read


async def read_fields(request: Request) -> dict[str, Any]:
    """Give the fields of query and body together; the body wins."""
    return _nest(request.query_params) | await _read_body(request)


def checked(model: type[Model], fields: dict[str, Any]) -> Model:
    """Check fields against a model; raises Unprocessable in Mastodon's words, with every field that is wrong."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise invalid(_complaints(error)) from None


def invalid(complaints: dict[str, list[tuple[str, str]]]) -> Unprocessable:
    """Build the refusal of fields: name -> (code as Mastodon's, rest of the sentence after the name)."""
    sentences = [f"{_title(name)} {text}" for name, found in complaints.items() for _, text in found]
    details = {
        name: [{"error": code, "description": text} for code, text in found] for name, found in complaints.items()
    }
    return Unprocessable(f"Validation failed: {', '.join(sentences)}", details)


async def _read_body(request: Request) -> dict[str, Any]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind in {"application/x-www-form-urlencoded", "multipart/form-data"}:
        return _nest(await request.form(max_files=MAX_FILES, max_fields=MAX_FIELDS))
    raw = await request.body()
    return _read_json(raw) if raw else {}


def _read_json(raw: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(raw)
    except (ValueError, RecursionError):
        raise BadRequest("The body is not JSON; send a JSON object, or a form with its own Content-Type.") from None
    if not isinstance(fields, dict):
        raise BadRequest('The body is JSON but not an object; send {"field": value}.')
    _refuse_nul(fields)
    return fields


def _nest(form: FormData | QueryParams) -> dict[str, Any]:
    """Turn `a[]=1&a[]=2&b[c]=3&d[][e]=4` into {"a": [1, 2], "b": {"c": 3}, "d": [{"e": 4}]}."""
    fields: dict[str, Any] = {}
    for name, value in form.multi_items():
        _refuse_nul(value)
        _put(fields, name.replace("]", "").split("["), value)
    return fields


def _put(fields: dict[str, Any], path: list[str], value: Any) -> None:
    if len(path) > MAX_DEPTH:
        raise BadRequest("A field of this form is nested too deeply.")
    while len(path) > 1 and path[1] != "":
        inner = fields.setdefault(path[0], {})
        if not isinstance(inner, dict):
            raise BadRequest(f"The field {path[0]} of this form is both a value and a group.")
        fields, path = inner, path[1:]
    if len(path) == 1:
        fields[path[0]] = value
    elif isinstance(found := fields.setdefault(path[0], []), list):
        _append(found, path[2:], value)
    else:
        raise BadRequest(f"The field {path[0]} of this form is both a value and a list.")


def _append(found: list[Any], path: list[str], value: Any) -> None:
    """Put a value at the end of a list; in a list of groups a name that the last group has begins the next one."""
    if not path:
        found.append(value)
        return
    if not found or not isinstance(found[-1], dict) or (len(path) == 1 and path[0] in found[-1]):
        found.append({})
    _put(found[-1], path, value)


def _refuse_nul(value: Any) -> None:
    if isinstance(value, str) and "\x00" in value:
        raise BadRequest("The body holds a NUL character, which no text here may contain.")
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        _refuse_nul(inner)


def _complaints(error: ValidationError) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for problem in error.errors(include_input=False, include_url=False):
        name = str(problem["loc"][0]) if problem["loc"] else "request"
        missing = problem["type"] in {"missing", "string_too_short"}
        code, text = (
            ("ERR_BLANK", "can't be blank") if missing else ("ERR_INVALID", f"is invalid ({_lower(problem['msg'])})")
        )
        found.setdefault(name, []).append((code, text))
    return found


def _lower(message: str) -> str:
    message = message.removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def _title(name: str) -> str:
    return name.replace("_", " ").capitalize()
