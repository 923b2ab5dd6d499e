"""The description of the API: FastAPI's own, with the bodies that routes read by themselves and every refusal."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema

from app.authentication import bearer
from app.services import KEY, writer

KINDS = ("application/json", "application/x-www-form-urlencoded", "multipart/form-data")
ERROR = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {"type": "string"},
        "error_description": {"type": "string"},
        "details": {"type": "object"},
        "idempotency_key": {"type": "string"},
    },
}
REFUSALS = {
    "400": "The request cannot be read",
    "401": "The token is missing or not known",
    "403": "The token does not allow this",
    "404": "There is no such record, or the caller may not know of it",
    "413": "The body is too large",
    "422": "What is asked for is not allowed; the sentence says why",
    "429": "Too many requests or attempts; Retry-After says when to come back",
    "503": "Nothing was saved, or it is not known; the same Idempotency-Key makes a retry safe",
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key gives the same single result, however often the request is sent.",
    "schema": {"type": "string", "pattern": f"^{KEY.pattern}$"},
}


class _WithFiles(GenerateJsonSchema):
    """Describes an uploaded file as FastAPI does."""

    def is_instance_schema(self, schema: Any) -> dict[str, Any]:
        return {"type": "string", "format": "binary"}


def describe(app: FastAPI) -> dict[str, Any]:
    """Give the OpenAPI document, made once."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, routes=app.routes)
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas["Error"] = ERROR
        document["components"]["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer"}}
        for route in _routes(app):
            for method in route.methods or ():
                _complete(document["paths"][route.path_format][method.lower()], route, method, schemas)
        app.openapi_schema = document
    return app.openapi_schema


def _routes(app: FastAPI) -> Iterator[APIRoute]:
    from app.main import ROUTERS  # the table of routes stands in the module that calls this one

    for module in ROUTERS:
        yield from (route for route in module.router.routes if isinstance(route, APIRoute) and route.include_in_schema)


def _complete(operation: dict[str, Any], route: APIRoute, method: str, schemas: dict[str, Any]) -> None:
    calls = list(_calls(route.dependant))
    for call in calls:
        if (model := getattr(call, "reads", None)) is not None:
            operation["requestBody"] = {"content": {kind: {"schema": _schema(model, schemas)} for kind in KINDS}}
    scopes = [scope for call in calls for scope in getattr(call, "scopes", ())]
    if scopes:
        operation["security"] = [{"bearer": [scope]} for scope in scopes]  # any one of them will do
    elif bearer_is_read(calls):
        operation["security"] = [{"bearer": []}, {}]
    if writer in calls:
        operation.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
    for status in _refusals(operation, needs_token=bool(scopes)):
        content = {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}
        operation["responses"][status] = {"description": REFUSALS[status], "content": content}


def _refusals(operation: dict[str, Any], *, needs_token: bool) -> Iterator[str]:
    yield from ("429", "503")
    if "requestBody" in operation:
        yield from ("400", "413")
    if "requestBody" in operation or "parameters" in operation:
        yield from ("404", "422")
    if "push" in operation["tags"]:
        yield "404"  # this token has no subscription
    if "security" in operation or "oauth" in operation["tags"]:
        yield "401"
    if needs_token:
        yield from ("403", "422")


def bearer_is_read(calls: list[Any]) -> bool:
    """Say whether a route looks at the caller's token."""
    return any(bearer.__name__ in getattr(getattr(call, "__code__", None), "co_names", ()) for call in calls)


def _calls(dependant: Dependant) -> Iterator[Any]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from _calls(inner)


def _schema(model: type[BaseModel], schemas: dict[str, Any]) -> dict[str, str]:
    described = model.model_json_schema(ref_template="#/components/schemas/{model}", schema_generator=_WithFiles)
    schemas.update(described.pop("$defs", {}))
    schemas[model.__name__] = described
    return {"$ref": f"#/components/schemas/{model.__name__}"}
