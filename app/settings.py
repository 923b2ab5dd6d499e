"""All that the app sees of its site: environment variables, read once and checked all at once."""

import json
import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from app.errors import SettingsError

SiteName = Literal["aws", "gcp", "azure"]
SignUp = Literal["open", "invitation", "closed"]


def _postgresql(url: SecretStr) -> SecretStr:
    if not url.get_secret_value().startswith("postgresql://"):
        raise ValueError("it must begin with postgresql://")
    return url


def _web_push_key(key: SecretStr | None) -> SecretStr | None:
    if key is not None and not re.fullmatch(r"[A-Za-z0-9_-]{43}", key.get_secret_value()):
        raise ValueError("it must be a P-256 private key as 43 characters of URL-safe base64")
    return key


def _json(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        raise ValueError('it must be JSON such as {"gcp": "gs://BUCKET"}') from None


class Settings(BaseSettings):
    """The environment of one app process; field names are the variables in lower case."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore")

    site: SiteName
    database_url: Annotated[SecretStr, AfterValidator(_postgresql)]
    app_url: str | None = Field(default=None, pattern=r"^https?://[A-Za-z0-9.-]+(:\d+)?$")
    media_url: str
    media_peers: Annotated[dict[SiteName, str], NoDecode, BeforeValidator(_json)] = {}
    peer_entries: Annotated[dict[SiteName, str], NoDecode, BeforeValidator(_json)] = {}
    store_credentials: str | None = None
    secret_key: SecretStr = Field(min_length=16)
    sign_up: SignUp = Field(default="open", description="who may make an account: anybody, the invited, nobody")
    attempts: int = Field(default=10, ge=1, description="log-ins of one person in five minutes; other limits follow it")
    requests: int = Field(default=1500, ge=1, description="of one caller in five minutes, per process")
    max_in_flight: int = Field(default=200, ge=1, description="requests at the same time, per process")
    vapid_key: Annotated[SecretStr | None, AfterValidator(_web_push_key)] = Field(
        default=None, description="without one nobody is told by a push service"
    )
    push_double: str | None = Field(
        default=None, pattern=r"^127\.0\.0\.1:\d{1,5}$", description="a push service on loopback, for tests alone"
    )
    metrics_token: SecretStr | None = Field(default=None, description="without one nobody reads the metrics")
    trusted_proxies: int = Field(default=0, ge=0, le=5, description="how many of our own proxies name the client")
    acknowledge_timeout: float = Field(default=5.0, gt=0, le=60, description="seconds to wait for the other clouds")
    framed_by: str = Field(
        default="'none'",
        pattern=r"^('none'|https?://[A-Za-z0-9.*-]+(:[0-9]+|:\*)?)$",
        description="the origin whose pages may show this app's in a frame",
    )
    max_upload_mib: int = Field(default=16, ge=1, le=512)
    readers: int = Field(default=6, ge=1, le=200, description="database connections for reading, per process")
    writers: int = Field(default=10, ge=1, le=200, description="database connections for writing, per process")

    @property
    def max_upload_bytes(self) -> int:
        """The largest body this process reads, in bytes; a picture shares it with its form fields."""
        return self.max_upload_mib * 1024 * 1024


def read_settings() -> Settings:
    """Read the environment; raises SettingsError with one sentence that names every missing or odd variable."""
    try:
        return Settings()
    except ValidationError as error:
        raise SettingsError(_sentence(error)) from None


def _sentence(error: ValidationError) -> str:
    problems = [
        f"{'.'.join(str(part) for part in problem['loc']).upper()} {_complaint(problem['type'], problem['msg'])}"
        for problem in error.errors(include_input=False)
    ]
    return f"The app cannot start with this environment: {'; '.join(problems)}."


def _complaint(kind: str, message: str) -> str:
    if kind == "missing":
        return "is missing"
    return f"is not usable ({message.removeprefix('Value error, ').lower()})"
