"""What agents answer: few objects, which come again, in stores that never delete."""

import asyncio
import secrets
from collections.abc import Callable
from pathlib import Path

import obstore
import pytest

from infra.identities import writable
from scripts.runbook import answers, return_talk, status
from scripts.runbook.acceptors import register_key
from scripts.runbook.answers import Answer
from scripts.runbook.control import ControlStores
from scripts.runbook.requests import request_key
from scripts.runbook.signing import Signer
from tests.embedded.running_stores import SITES, RunningStore, local_store, make_store

__all__ = ["local_store", "make_store"]

BUCKET = "lifeboat-lease"


@pytest.mark.parametrize("site", SITES)
def test_a_later_answer_takes_the_place_of_an_earlier_one(
    local_store: Callable[[str], RunningStore], tmp_path: Path, site: str
) -> None:
    """In each dialect: one object, the later answer is heard, and nobody takes it for the answer to the earlier request."""
    running, signer = local_store(site), Signer.create("gcp", tmp_path / "gcp.pem")
    first, second = ("ab" + secrets.token_hex(15) for _ in range(2))

    async def scene() -> tuple[Answer | None, Answer | None, Answer | None]:
        stores = ControlStores({site: running.url(BUCKET)}, running.credentials, 10.0)
        keys = {"gcp": signer.public}
        await answers.publish(stores, signer, Answer("gcp", first, "ended", done=True))
        before = await answers.hear(stores, keys, first, "gcp", "ended")
        await asyncio.sleep(1.1)  # Cloud Storage takes one write a second to an object
        await answers.publish(stores, signer, Answer("gcp", second, "ended", sentence="No."))
        hearing = (answers.hear(stores, keys, nonce, "gcp", "ended") for nonce in (first, second))
        return before, *await asyncio.gather(*hearing)

    before, after, later = asyncio.run(scene())
    kept = [found["path"] for batch in obstore.list(running.open(BUCKET), "requests/answers/") for found in batch]

    assert before is not None
    assert before.done
    assert after is None
    assert later is not None
    assert later.sentence == "No."
    assert kept == [answers.answer_key(first, "gcp", "ended")]


def test_however_many_requests_there_were_the_answers_have_few_names() -> None:
    """A site's answers of one kind have at most 256."""
    names = {answers.answer_key(secrets.token_hex(16), "aws", "ended") for _ in range(5000)}

    assert len(names) <= 256


def test_an_agent_may_write_in_every_cloud_what_it_has_to() -> None:
    """Its rights in the other clouds' lease stores are by prefix: each name that it writes there begins with one of them."""
    named = [
        answers.answer_key("0" * 32, "gcp", "ready"),
        return_talk.ask_key("gcp"),
        return_talk.answer_key("gcp"),
        status.status_key("gcp"),
        request_key("ana"),
        register_key("social"),
    ]

    assert [name for name in named if not name.startswith(writable("gcp"))] == []
