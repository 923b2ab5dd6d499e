"""Whether the body of a request is of the form that this version knows: it was signed, and may still be anything."""

import re
from collections.abc import Mapping
from typing import Any

from scripts.runbook.migration_bodies import problem_of_migrations

NONCE = re.compile("[0-9a-f]{32}")

_PARTS: dict[str, tuple[type, ...]] = {
    "cluster": (str,), "operator": (str,), "wish": (dict,), "holder": (str,), "epoch": (int,), "nonce": (str,),
    "issued": (int, float), "expires": (int, float), "plan_hash": (str,),
}  # fmt: skip
_WISH_PARTS: dict[str, tuple[type, ...]] = {
    "verb": (str,), "to": (str,), "single_copy": (bool,), "accept_data_loss": (int, type(None)), "skips": (list,),
}  # fmt: skip


def problem_of(body: object) -> str:
    """Name the first part that is not as this version knows it; empty when all are."""
    problem = _wrong_part(body, _PARTS)
    if problem or not isinstance(body, dict):
        return problem
    wish = body["wish"]
    # Only one verb has migrations.
    if problem := _wrong_part({name: part for name, part in wish.items() if name != "migrations"}, _WISH_PARTS):
        return f"has a wish that {problem}"
    if problem := problem_of_migrations(wish.get("migrations", [])):
        return f"has a wish that {problem}"
    if not all(isinstance(skip, str) for skip in body["wish"]["skips"]):
        return "skips something that is not text"
    return "" if NONCE.fullmatch(body["nonce"]) else f"has {plain(body['nonce'])} as its nonce"


def _wrong_part(body: object, parts: Mapping[str, tuple[type, ...]]) -> str:
    if not isinstance(body, dict):
        return f"is no object but {str(body)[:80]}"
    if wrong := set(body) ^ set(parts):
        return f"lacks or misspells {', '.join(sorted(map(str, wrong)))}"
    odd = [name for name, kinds in parts.items() if type(body[name]) not in kinds]
    return f"has {plain(body[odd[0]])} as {odd[0]}" if odd else ""


def plain(part: Any) -> str:
    """Return a part as a sentence can hold it."""
    if isinstance(part, list):
        return " and ".join(map(plain, part)) or "nobody"
    return str(part)[:80]
