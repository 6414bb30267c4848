"""Settings, read from environment variables that begin with `BALIE_`. Only a composition root reads them.

If one is missing or malformed, the process prints its name and what it is for, and exits with code 2.
"""

import sys
from typing import TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.contract.zones import DESK_ZONE, ZoneName

PREFIX = "BALIE_"
EXIT_USAGE = 2
SECRET_CHARACTERS_MIN = 32


class Settings(BaseSettings):
    """The settings of every process. Each service adds its own in its `main.py`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore")

    database_url: SecretStr = Field(description="PostgreSQL, as in postgresql://user:password@host:5432/balie")
    broker_url: SecretStr = Field(
        default=SecretStr("local:"),
        description="RabbitMQ, as in amqp://user:password@host:5672/; `local:` delivers through PostgreSQL",
    )
    temporal_address: str = Field(default="127.0.0.1:7233", description="Temporal's host:port")
    temporal_namespace: str = Field(default="default", description="Temporal's namespace")
    secret: SecretStr = Field(
        min_length=SECRET_CHARACTERS_MIN,
        description="signs tokens and one-click links; the same for every service, 32 characters or more",
    )
    public_url: str = Field(
        default="http://127.0.0.1:8080", description="where people reach the portal, for links in mail"
    )
    desk_zone: ZoneName = Field(
        default=DESK_ZONE,
        description="the desk's time zone, as in Europe/Amsterdam: of whoever has chosen none of their own",
    )
    trusted_proxies: str = Field(
        default="127.0.0.1",
        description="whose X-Forwarded-For is believed: addresses or networks by comma, or * for all",
    )
    log_format: str = Field(default="json", pattern="^(json|console)$", description="json or console")
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$", description="least level logged")


Chosen = TypeVar("Chosen", bound=BaseSettings)


def load(settings: type[Chosen]) -> Chosen:
    """Reads `settings` from the environment. If any is bad, says which on stderr and exits with code 2."""
    try:
        return settings()
    except ValidationError as error:
        for line in _sentences(settings, error):
            print(line, file=sys.stderr)
        raise SystemExit(EXIT_USAGE) from None


def _sentences(settings: type[BaseSettings], error: ValidationError) -> list[str]:
    # Leave out the values: they may be secrets.
    sentences = []
    for problem in error.errors(include_input=False, include_url=False):
        name = str(problem["loc"][0])
        meaning = settings.model_fields[name].description
        sentences.append(f"{PREFIX}{name.upper()} ({meaning}): {problem['msg'].lower()}")
    return sentences
