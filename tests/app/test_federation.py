"""Entering another cloud without a stored key: each of the six ways, against answers in the providers' own forms."""

import datetime
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from app.errors import BadStoreCredentials
from app.federation import Addresses, Way, enter
from infra import identities

ENTRIES = {
    "aws": "arn:aws:iam::000000000000:role/lifeboat-from-x-app",
    "gcp": "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/lifeboat-sites/providers/from-x",
    "azure": "11111111-1111-1111-1111-111111111111/22222222-2222-2222-2222-222222222222",
}
WAYS = [(own, entered) for own in ENTRIES for entered in ENTRIES if own != entered]

OWN_TOKEN = """<GetWebIdentityTokenResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetWebIdentityTokenResult>
<WebIdentityToken>token-of-aws-for-{audience}</WebIdentityToken><Expiration>2099-01-01T00:00:00Z</Expiration>
</GetWebIdentityTokenResult></GetWebIdentityTokenResponse>"""
ROLE = """<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
<AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>id</AccessKeyId><SecretAccessKey>secret</SecretAccessKey>
<SessionToken>session</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>
</AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"""
BEARER = json.dumps({"access_token": "bearer", "expires_in": 3600})


class Providers(BaseHTTPRequestHandler):
    """Answers as the providers document it, and notes what was asked."""

    asked: list[dict[str, Any]]
    refuse = False

    def do_GET(self) -> None:
        query = {key: found[0] for key, found in parse_qs(urlsplit(self.path).query).items()}
        if self.path.startswith("/computeMetadata") and self.headers["Metadata-Flavor"] == "Google":
            self._say(200, f"token-of-gcp-for-{query['audience']}")
        elif self.headers["X-IDENTITY-HEADER"] == "beside":
            self._say(200, json.dumps({"access_token": f"token-of-azure-for-{query['resource']}"}))
        else:
            self._say(401, "who are you?")

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        form = {key: found[0] for key, found in parse_qs(body).items()}
        type(self).asked.append({"path": self.path, **form})
        if self.refuse:
            self._say(403, "AccessDenied: no such subject")
        elif form.get("Action") == "GetWebIdentityToken":
            self._say(200, OWN_TOKEN.format(audience=form["Audience.member.1"]), "text/xml")
        else:
            self._say(
                200, ROLE if "RoleArn" in form else BEARER, "text/xml" if "RoleArn" in form else "application/json"
            )

    def _say(self, code: int, text: str, kind: str = "text/plain") -> None:
        self.send_response(code)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def providers(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Addresses, type[Providers]]]:
    handler = type("Answers", (Providers,), {"asked": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    here = f"http://127.0.0.1:{server.server_address[1]}"
    surroundings = {
        "AWS_REGION": "eu-west-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "y", "AWS_ENDPOINT_URL_STS": here,
        "IDENTITY_ENDPOINT": f"{here}/msi/token", "IDENTITY_HEADER": "beside", "AZURE_CLIENT_ID": "own",
    }  # fmt: skip
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    yield Addresses(here, here, here), handler
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("own", "entered"), WAYS)
def test_a_token_of_the_own_provider_opens_the_other_s_store(
    own: str, entered: str, providers: tuple[Addresses, type[Providers]]
) -> None:
    """It shows the other provider a token made out to it alone, and gets a credential that ends."""
    addresses, handler = providers

    credential = enter(Way(own, entered, ENTRIES[entered], "eu-west-1"), addresses)

    shown = {"aws": "WebIdentityToken", "gcp": "subject_token", "azure": "client_assertion"}[entered]
    to_azure = "api://AzureADTokenExchange" if "azure" in (own, entered) else f"lifeboat-{entered}"
    assert handler.asked[-1][shown] == f"token-of-{own}-for-{to_azure}"
    assert credential["expires_at"] > datetime.datetime.now(datetime.UTC)
    keys = {"access_key_id", "secret_access_key"} if entered == "aws" else set()
    assert set(credential) == {"token", "expires_at"} | keys


@pytest.mark.parametrize(("own", "entered"), WAYS)
def test_a_token_is_made_out_to_whom_the_other_site_expects(own: str, entered: str) -> None:
    """It asks for the audience that the entered site's description trusts; Azure's directory answers with a number."""
    asked = Way(own, entered, ENTRIES[entered]).audience

    assert identities.audience(own, entered) == (identities.AZURE_AUDIENCE if own == "azure" else asked)


def test_each_cloud_is_shown_its_own_entry(providers: tuple[Addresses, type[Providers]]) -> None:
    """It names the role, the provider, or tenant and client, as the entered site's outputs do."""
    addresses, handler = providers
    for own, entered in (("gcp", "aws"), ("aws", "gcp"), ("gcp", "azure")):
        enter(Way(own, entered, ENTRIES[entered], "eu-west-1"), addresses)

    posts = [one for one in handler.asked if one.get("Action") != "GetWebIdentityToken"]
    tenant, _, client = ENTRIES["azure"].partition("/")
    assert posts[0]["RoleArn"] == ENTRIES["aws"]
    assert posts[1]["audience"] == ENTRIES["gcp"]
    assert (posts[2]["path"], posts[2]["client_id"]) == (f"/{tenant}/oauth2/v2.0/token", client)


def test_a_refusal_is_one_sentence_in_the_provider_s_words(providers: tuple[Addresses, type[Providers]]) -> None:
    """It names both sites and the entry, and repeats no token."""
    addresses, handler = providers
    handler.refuse = True

    with pytest.raises(BadStoreCredentials, match="gcp cannot enter the stores of azure") as refused:
        enter(Way("gcp", "azure", ENTRIES["azure"]), addresses)

    assert "AccessDenied" in str(refused.value)
    assert "token-of" not in str(refused.value)
