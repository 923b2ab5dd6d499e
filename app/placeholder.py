"""What stands in a picture's place until it arrives: a small drawing with one sentence, which no cache keeps."""

from html import escape

from fastapi import Response

from app.errors import NotArrived

DRAWING = """<svg xmlns="http://www.w3.org/2000/svg" width="640" height="360" viewBox="0 0 640 360" role="img">
<title>{sentence}</title><rect width="640" height="360" fill="#e6e8ec"/>
<text x="320" y="186" text-anchor="middle" font-family="sans-serif" font-size="24" fill="#3c4250">{sentence}</text>
</svg>
"""


def placeholder(error: NotArrived) -> Response:
    """Answer 503, so that nothing takes the drawing for the picture; a browser shows it nevertheless."""
    headers = {
        "Cache-Control": "no-store",
        "Retry-After": str(error.retry_after),
        "Content-Security-Policy": "default-src 'none'; sandbox",
    }
    drawing = DRAWING.format(sentence=escape(str(error)))
    return Response(drawing, error.status, media_type="image/svg+xml", headers=headers)
