"""How a process enters another cloud's store without a stored key: by a token that its own provider signs about it.

Two steps: the own provider's word (`OWN_TOKENS`), then what the other cloud gives for it (`EXCHANGES`). An entry is what the
other site's outputs name: an IAM role, a provider of Google's, or `TENANT/CLIENT` of Azure's directory. Protocols: AWS STS
GetWebIdentityToken and AssumeRoleWithWebIdentity; RFC 8693 at sts.googleapis.com; RFC 7523 at Azure's directory.
"""

import datetime
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from app.errors import BadStoreCredentials
from app.stores import StoreUrl

SECONDS = 5.0
MARGIN = datetime.timedelta(minutes=1)
JWT = "urn:ietf:params:oauth:token-type:jwt"
AZURE_AUDIENCE = "api://AzureADTokenExchange"
IDENTITY_VERSION = "2019-08-01"
ACCESS = {
    "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
    "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
    "subject_token_type": JWT,
    "scope": "https://www.googleapis.com/auth/devstorage.read_write",
}

Credential = dict[str, Any]


@dataclass(frozen=True)
class Addresses:
    """Where the providers answer; a test has answers of its own. (AWS's is the SDK's matter: AWS_ENDPOINT_URL_STS.)"""

    google_metadata: str = "http://metadata.google.internal"
    google_exchange: str = "https://sts.googleapis.com"
    azure_directory: str = "https://login.microsoftonline.com"


REAL = Addresses()


@dataclass(frozen=True)
class Way:
    """From which site into which, by which entry; `region` is the entered site's, where its cloud has one."""

    own: str
    entered: str
    entry: str
    region: str = ""

    @property
    def audience(self) -> str:
        """For whom the own token is made out, so that the site that is entered cannot use it at the third."""
        return AZURE_AUDIENCE if "azure" in (self.own, self.entered) else f"lifeboat-{self.entered}"


def enter(way: Way, addresses: Addresses = REAL) -> Credential:
    """Return a fresh credential for the entered site's stores, as obstore takes it, with the time at which it ends.

    Raises BadStoreCredentials with the provider's own words when one of the two says no.
    """
    try:
        token = OWN_TOKENS[way.own](way, addresses)
        return EXCHANGES[way.entered](way, token, addresses)
    except (httpx.HTTPError, KeyError, ValueError) as reason:
        raise BadStoreCredentials(
            f"{way.own} cannot enter the stores of {way.entered} by {way.entry}: {_words_of(reason)}"
        ) from reason


class Entrance:
    """One way into a site's stores: asked again only when the credential it gave is about to end."""

    def __init__(self, way: Way, enter: Callable[[Way], Credential] = enter) -> None:
        self.way, self._enter = way, enter
        self._held: Credential | None = None
        self._one_at_a_time = threading.Lock()

    def __call__(self) -> Credential:
        """Return a credential that is good for a minute at least; raises BadStoreCredentials."""
        with self._one_at_a_time:
            if self._held is None or self._held["expires_at"] < datetime.datetime.now(datetime.UTC) + MARGIN:
                self._held = self._enter(self.way)
            return self._held


def entrance(own: str, entered: str, entry: str, url: str) -> Entrance:
    """Return how the processes of site `own` enter a store of another site by an entry that its outputs name."""
    return Entrance(Way(own, entered, entry, StoreUrl.parse(url).settings.get("region", "")))


def _words_of(reason: Exception) -> str:
    if isinstance(reason, httpx.HTTPStatusError):
        return f"{reason.request.url.host} answered {reason.response.status_code}: {reason.response.text[:300]}"
    return f"{type(reason).__name__} {reason}"


def _answer(method: str, url: str, **request: Any) -> httpx.Response:
    return httpx.request(method, url, timeout=SECONDS, **request).raise_for_status()


def _ask_sts(region: str, act: str, signed: bool, **words: Any) -> Mapping[str, Any]:
    """Ask a regional endpoint of AWS STS; raises ValueError with its words. Loaded here: only these two steps need it."""
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError

    settings = Config(connect_timeout=SECONDS, read_timeout=SECONDS, signature_version=None if signed else UNSIGNED)
    try:
        return getattr(boto3.client("sts", region_name=region, config=settings), act)(**words)
    except (BotoCoreError, ClientError) as reason:
        raise ValueError(str(reason)) from reason


def _aws_token(way: Way, addresses: Addresses) -> str:
    """STS signs for the role of this task."""
    words = {"Audience": [way.audience], "SigningAlgorithm": "RS256", "DurationSeconds": 300}
    return str(_ask_sts(os.environ["AWS_REGION"], "get_web_identity_token", True, **words)["WebIdentityToken"])


def _google_token(way: Way, addresses: Addresses) -> str:
    place = f"{addresses.google_metadata}/computeMetadata/v1/instance/service-accounts/default/identity"
    return _answer("GET", place, params={"audience": way.audience}, headers={"Metadata-Flavor": "Google"}).text.strip()


def _azure_token(way: Way, addresses: Addresses) -> str:
    """Ask the identity endpoint that Container Apps put beside a process, by the identity it was given."""
    wanted = {"resource": AZURE_AUDIENCE, "api-version": IDENTITY_VERSION, "client_id": os.environ["AZURE_CLIENT_ID"]}
    secret = {"X-IDENTITY-HEADER": os.environ["IDENTITY_HEADER"]}
    return str(_answer("GET", os.environ["IDENTITY_ENDPOINT"], params=wanted, headers=secret).json()["access_token"])


def _into_aws(way: Way, token: str, addresses: Addresses) -> Credential:
    words = {"RoleArn": way.entry, "RoleSessionName": f"lifeboat-{way.own}", "WebIdentityToken": token}
    found = _ask_sts(way.region, "assume_role_with_web_identity", False, **words)["Credentials"]
    return {
        "access_key_id": found["AccessKeyId"],
        "secret_access_key": found["SecretAccessKey"],
        "token": found["SessionToken"],
        "expires_at": found["Expiration"],
    }


def _into_gcp(way: Way, token: str, addresses: Addresses) -> Credential:
    form = {**ACCESS, "audience": way.entry, "subject_token": token}
    return _bearer(_answer("POST", f"{addresses.google_exchange}/v1/token", data=form).json())


def _into_azure(way: Way, token: str, addresses: Addresses) -> Credential:
    tenant, _, client = way.entry.partition("/")
    form = {
        "grant_type": "client_credentials",
        "client_id": client,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        "client_assertion": token,
        "scope": "https://storage.azure.com/.default",
    }
    return _bearer(_answer("POST", f"{addresses.azure_directory}/{tenant}/oauth2/v2.0/token", data=form).json())


def _bearer(answer: Mapping[str, Any]) -> Credential:
    lasts = datetime.timedelta(seconds=int(answer["expires_in"]))
    return {"token": str(answer["access_token"]), "expires_at": datetime.datetime.now(datetime.UTC) + lasts}


OWN_TOKENS: Mapping[str, Callable[[Way, Addresses], str]] = {
    "aws": _aws_token,
    "gcp": _google_token,
    "azure": _azure_token,
}
EXCHANGES: Mapping[str, Callable[[Way, str, Addresses], Credential]] = {
    "aws": _into_aws,
    "gcp": _into_gcp,
    "azure": _into_azure,
}
