"""Fields of a request, however a client sends them."""

import httpx
import pytest

from app.body import MAX_DEPTH
from tests.app.conftest import Member


def test_a_form_sends_lists_with_brackets(member: Member, picture: bytes) -> None:
    """It reads repeated `name[]` fields as a list, as every client of this API sends them."""
    media = member.client.post("/api/v2/media", files={"file": picture}).json()["id"]

    answer = member.client.post("/api/v1/statuses", data={"status": "x", "media_ids[]": [media]})

    assert [found["id"] for found in answer.json()["media_attachments"]] == [media]


def test_the_query_counts_and_the_body_wins(member: Member) -> None:
    """It takes fields from the address too."""
    answer = member.client.post("/api/v1/statuses?visibility=unlisted&status=query", data={"status": "body"})

    assert (answer.json()["visibility"], answer.json()["content"]) == ("unlisted", "<p>body</p>")


@pytest.mark.parametrize(
    "form",
    [
        "status=x&poll=1&poll[options][]=a",
        "status=x&media_ids=1&media_ids[]=2",
        "status=x&" + "a[b]" + "[c]" * MAX_DEPTH + "=1",
        "status=a%00b",
    ],
    ids=["value and group", "value and list", "too deep", "nul"],
)
def test_a_form_that_contradicts_itself_is_a_bad_request(member: Member, form: str) -> None:
    """It answers 400 in one sentence."""
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    answer = member.client.post("/api/v1/statuses", content=form, headers=headers)

    assert answer.status_code == 400
    assert answer.json()["error"].endswith(".")


def test_a_multipart_body_without_a_boundary_is_a_bad_request(member: Member) -> None:
    """It answers 400, not 500, for a form that cannot be taken apart."""
    answer: httpx.Response = member.client.post(
        "/api/v2/media", content=b"junk", headers={"Content-Type": "multipart/form-data"}
    )

    assert answer.status_code == 400
