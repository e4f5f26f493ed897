"""What a process is told from outside: environment variables with the prefix `HUB_`."""

from pathlib import Path
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

LOOPBACK = "127.0.0.1"


class Settings(BaseSettings):
    """Settings of every service; sizes in rows, times in seconds."""

    model_config = SettingsConfigDict(env_prefix="HUB_", frozen=True, extra="ignore", hide_input_in_errors=True)

    port_base: int = Field(8000, ge=1, le=65_442)
    """The first port of a local run, which needs the 93 after it too."""
    host: str = LOOPBACK
    home: Path = Path(".hub")
    database_url: str = "postgresql://hub@127.0.0.1:8032/hub"
    database_password: SecretStr | None = None
    kafka: str = "127.0.0.1:8092"
    partnership: Path = Path("partnerships/luton")
    sentence_models: tuple[Path, ...] = ()
    """The files of the two models that tell what a text means, a JSON list; without them nobody reads a text twice."""
    reading_seconds: float = 5
    demonstration: bool = False
    smtp_host: str = LOOPBACK
    smtp_port: int = 8025
    otlp_endpoint: str = ""
    trace_url: str = ""
    log_level: str = "INFO"
    slot: int = 0
    service_secret: SecretStr = SecretStr("")
    key_pepper: SecretStr = SecretStr("")
    public_url: str = ""
    outbox_limit: int = Field(100_000, ge=1)
    job_workers: int = Field(4, ge=1)
    """Without any, no mail and no webhook would go."""
    job_lease_seconds: float = Field(60, gt=0)
    stop_seconds: float = 8

    @model_validator(mode="after")
    def _demonstrated_on_loopback(self) -> Self:
        """A demonstration's keys and people are known to everybody: no service shows them to a network."""
        if self.demonstration and self.host != LOOPBACK:
            raise ValueError(f"HUB_DEMONSTRATION works on {LOOPBACK} only. Leave HUB_HOST out, or the demonstration.")
        return self

    @property
    def desk_url(self) -> str:
        """Where people open pages: what links in mail begin with."""
        return (self.public_url or f"http://{LOOPBACK}:{self.port_base}").rstrip("/")
