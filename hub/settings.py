"""The settings of a command: the environment's, and this installation's secrets where none are given."""

from pydantic import SecretStr

from deploy.local.home import Home
from services.kernel.settings import Settings

_SECRETS = ("service_secret", "key_pepper")


def local_settings() -> Settings:
    """Settings from `HUB_…`; a secret that is not set comes from the local run's folder, made at its first use."""
    settings = Settings()
    home = Home(settings.home)
    missing = [name for name in _SECRETS if not getattr(settings, name).get_secret_value()]
    return settings.model_copy(update={name: SecretStr(home.secret(name)) for name in missing})
