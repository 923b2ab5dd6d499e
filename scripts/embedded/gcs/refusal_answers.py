"""A refusal in the words of the JSON API and of the XML API."""

from html import escape

from starlette.responses import JSONResponse, Response

from scripts.embedded.gcs.refusals import Refusal

_XML_CODES = {
    "authError": "AuthenticationRequired",
    "conditionNotMet": "PreconditionFailed",
    "conflict": "BucketAlreadyOwnedByYou",
    "forbidden": "SignatureDoesNotMatch",
    "invalid": "InvalidArgument",
    "methodNotAllowed": "MethodNotAllowed",
    "notFound": "NoSuchKey",
    "rateLimitExceeded": "SlowDown",
    "requestedRangeNotSatisfiable": "InvalidRange",
}


def json_refusal(refusal: Refusal) -> Response:
    """Spell a refusal as the JSON API does; 304 carries no body."""
    if refusal.status == 304:
        return Response(status_code=304)
    detail = {"domain": "global", "reason": refusal.reason, "message": str(refusal)}
    return JSONResponse(
        {"error": {"code": refusal.status, "message": str(refusal), "errors": [detail]}}, refusal.status
    )


def xml_refusal(refusal: Refusal) -> Response:
    """Spell a refusal as the XML API does; 304 carries no body."""
    if refusal.status == 304:
        return Response(status_code=304)
    code = _XML_CODES.get(refusal.reason, refusal.reason)
    inside = f"<Code>{escape(code)}</Code><Message>{escape(str(refusal))}</Message>"
    text = f"<?xml version='1.0' encoding='UTF-8'?><Error>{inside}</Error>"
    return Response(text, refusal.status, media_type="application/xml")
