"""One client over the object stores of three clouds: a URL says which store, credentials come from a file or the site.

URLs (a secret is never part of one):
    s3://BUCKET?region=us-east-1[&endpoint=http://127.0.0.1:P]
    gs://BUCKET[?endpoint=http://127.0.0.1:P]
    az://ACCOUNT/CONTAINER[?endpoint=http://127.0.0.1:P/ACCOUNT]
Credentials: {"s3": {"access_key_id", "secret_access_key"}, "gs": {"service_account": {...}}, "az": {"account_key"}}.
A scheme that is absent there uses the workload identity of the place where this runs.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import obstore
from obstore.exceptions import BaseError
from obstore.store import AzureStore, GCSStore, S3Store

from app.errors import BadStoreCredentials, BadStoreUrl

Store: TypeAlias = S3Store | GCSStore | AzureStore
Credentials: TypeAlias = Mapping[str, Mapping[str, Any]]
_SETTINGS = {"s3": {"region", "endpoint"}, "gs": {"endpoint"}, "az": {"endpoint"}}
_CREDENTIALS = {"s3": {"access_key_id", "secret_access_key"}, "gs": {"service_account"}, "az": {"account_key"}}


@dataclass(frozen=True)
class StoreUrl:
    """A store URL taken apart: `names` is (bucket,) or, for az, (account, container)."""

    scheme: str
    names: tuple[str, ...]
    settings: Mapping[str, str]

    @property
    def endpoint(self) -> str | None:
        return self.settings.get("endpoint")

    @classmethod
    def parse(cls, url: str) -> "StoreUrl":
        """Read a store URL; raises BadStoreUrl with one sentence that says what is wrong."""
        parts = urlsplit(url)
        _refuse_strange_url(url, parts.scheme, parts.username, parts.fragment)
        names = tuple(name for name in (parts.netloc, *parts.path.split("/")) if name)
        settings = dict(parse_qsl(parts.query, keep_blank_values=True))
        _refuse_strange_parts(url, parts.scheme, names, settings)
        return cls(parts.scheme, names, settings)


def open_store(
    url: str,
    credentials: Credentials | None = None,
    *,
    timeout_seconds: float = 10.0,
    retries: int = 3,
    enter: Callable[[], dict[str, Any]] | None = None,
) -> Store:
    """Open the store that `url` names; no request is made yet.

    A request ends after `timeout_seconds`; `retries` = 0 makes every doubt an error at once, which conditional writes
    need: a repeated one finds its own first attempt and reports a conflict. `enter` gives a fresh credential whenever the
    last one ends (app/federation.py). Raises BadStoreUrl or BadStoreCredentials.
    """
    place = StoreUrl.parse(url)
    known = (credentials or {}).get(place.scheme)
    settings: dict[str, Any] = {
        "client_options": _client_options(place.endpoint, timeout_seconds),
        "retry_config": _retry_config(timeout_seconds, retries),
        **({"credential_provider": enter} if enter else {}),
    }
    try:
        return _OPEN[place.scheme](place, known, settings)
    except (BaseError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise BadStoreCredentials(f"The store {url} cannot be opened with the credentials given: {reason}") from error


def load_credentials(path: str | Path | None) -> Credentials:
    """Read a credentials file; None means none, so that every store uses the workload identity of its site.

    Raises BadStoreCredentials when the file is missing, is not JSON or lacks a part.
    """
    if path is None:
        return {}
    try:
        found = json.loads(Path(path).read_text())
    except (OSError, ValueError) as error:
        raise BadStoreCredentials(
            f"The store credentials in {path} cannot be read ({error}); STORE_CREDENTIALS must name a JSON file."
        ) from error
    if not isinstance(found, dict):
        raise BadStoreCredentials(f"The store credentials in {path} are not a JSON object.")
    for scheme, value in found.items():
        _refuse_strange_credentials(path, scheme, value)
    return found


async def list_all(store: Store, prefix: str | None = None) -> list[Mapping[str, Any]]:
    """Return path, size and time of every object whose key begins with a prefix; raises what the store raises.

    The client's stream stays in its own threads: whoever gives up one that is held here, in the middle of an answer, makes
    the client panic and write that to the screen.
    """
    return list(await obstore.list(store, prefix).collect_async())


def token_of(meta: Mapping[str, Any]) -> dict[str, str]:
    """Return what `obstore.put(..., mode=token)` takes to overwrite exactly the state that a put, get or head answered.

    Parts that are None are left out, since obstore refuses them. On S3 the token is a digest of the content, so two
    states with the same bytes look alike: whoever compares and sets must never repeat a content.
    """
    return {name: meta[name] for name in ("e_tag", "version") if meta.get(name)}


def _open_s3(place: StoreUrl, known: Mapping[str, Any] | None, settings: dict[str, Any]) -> S3Store:
    if place.endpoint:
        settings |= {"endpoint": place.endpoint, "virtual_hosted_style_request": False}
    if known:
        # As a provider, so that an AWS_SESSION_TOKEN of the user's own shell is not mixed into these keys.
        pair = {"access_key_id": known["access_key_id"], "secret_access_key": known["secret_access_key"]}
        settings["credential_provider"] = lambda: {**pair, "token": None, "expires_at": None}
    return S3Store(place.names[0], region=place.settings["region"], **settings)


def _open_gs(place: StoreUrl, known: Mapping[str, Any] | None, settings: dict[str, Any]) -> GCSStore:
    if place.endpoint:
        settings["base_url"] = place.endpoint
    if known:
        # The account names its own server too, and obstore believes the account first.
        account = {**known["service_account"], **({"gcs_base_url": place.endpoint} if place.endpoint else {})}
        settings["service_account_key"] = json.dumps(account)
    return GCSStore(place.names[0], **settings)


def _open_az(place: StoreUrl, known: Mapping[str, Any] | None, settings: dict[str, Any]) -> AzureStore:
    account, container = place.names
    if place.endpoint:
        settings["endpoint"] = place.endpoint
    if known:
        settings |= {"account_key": known["account_key"], "credential_type": "access_key"}
    return AzureStore(container, account_name=account, **settings)


_OPEN = {"s3": _open_s3, "gs": _open_gs, "az": _open_az}


def _client_options(endpoint: str | None, timeout_seconds: float) -> dict[str, Any]:
    options: dict[str, Any] = {
        "timeout": timedelta(seconds=timeout_seconds),
        "connect_timeout": timedelta(seconds=min(timeout_seconds, 5.0)),
    }
    if endpoint and urlsplit(endpoint).scheme == "http":
        options["allow_http"] = True
    return options


def _retry_config(timeout_seconds: float, retries: int) -> dict[str, Any]:
    backoff = {"init_backoff": timedelta(milliseconds=100), "max_backoff": timedelta(seconds=2), "base": 2}
    return {
        "max_retries": retries,
        "retry_timeout": timedelta(seconds=timeout_seconds * (retries + 1)),
        "backoff": backoff,
    }


def _refuse_strange_url(url: str, scheme: str, user: str | None, fragment: str) -> None:
    if scheme not in _SETTINGS:
        raise BadStoreUrl(
            f"A store URL must begin with s3://, gs:// or az://, not with {scheme + '://' if scheme else 'a path'}."
        )
    if user is not None:
        raise BadStoreUrl(
            f"The {scheme} store URL carries a user or a secret before '@'; those belong in the STORE_CREDENTIALS file."
        )
    if fragment:
        raise BadStoreUrl(f"The store URL {url!r} ends in '#{fragment}', which has no meaning; remove it.")


def _refuse_strange_parts(url: str, scheme: str, names: tuple[str, ...], settings: Mapping[str, str]) -> None:
    wanted = "az://ACCOUNT/CONTAINER" if scheme == "az" else f"{scheme}://BUCKET"
    if len(names) != (2 if scheme == "az" else 1):
        raise BadStoreUrl(f"The store URL {url!r} must read {wanted}, without a further path.")
    if strange := sorted(set(settings) - _SETTINGS[scheme]):
        raise BadStoreUrl(
            f"A {scheme} store URL has no setting {strange[0]!r}; it takes {', '.join(sorted(_SETTINGS[scheme]))}."
        )
    if scheme == "s3" and not settings.get("region"):
        raise BadStoreUrl(f"The store URL {url!r} names no region; add ?region=REGION.")
    endpoint = urlsplit(settings.get("endpoint", "https://default"))
    if endpoint.scheme not in ("http", "https") or not endpoint.netloc:
        raise BadStoreUrl(f"The endpoint of the store URL {url!r} must be an http or https address.")


def _refuse_strange_credentials(path: str | Path, scheme: str, value: object) -> None:
    if scheme not in _CREDENTIALS:
        raise BadStoreCredentials(f"The store credentials in {path} name {scheme!r}; known are s3, gs and az.")
    missing = _CREDENTIALS[scheme] - set(value if isinstance(value, dict) else ())
    if missing:
        raise BadStoreCredentials(f"The {scheme} credentials in {path} lack {', '.join(sorted(missing))}.")
