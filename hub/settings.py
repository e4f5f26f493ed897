"""The settings of a command: the environment's, and this installation's secrets where none are given."""

from pydantic import SecretStr, ValidationError
from pydantic_core import ErrorDetails
from pydantic_settings import SettingsError

from deploy.local.home import Home
from hub.telling import fail
from services.kernel.settings import Settings

_SECRETS = ("service_secret", "key_pepper")


def local_settings() -> Settings:
    """Settings from `HUB_…`; a secret that is not set comes from the local run's folder, made at its first use.

    Ends the command with a sentence where a setting is wrong; it names the setting, never what it holds.
    """
    settings = _from_the_environment()
    home = Home(settings.home)
    missing = [name for name in _SECRETS if not getattr(settings, name).get_secret_value()]
    return settings.model_copy(update={name: SecretStr(home.secret(name)) for name in missing})


def _from_the_environment() -> Settings:
    try:
        return Settings()
    except ValidationError as invalid:
        fail(f"A setting is wrong. {'; '.join(map(_told, invalid.errors()))}")
    except SettingsError as error:
        fail(f"A setting cannot be read ({error}).")


def _told(error: ErrorDetails) -> str:
    """What is wrong with which setting; what concerns several names them itself."""
    setting = "".join(f"HUB_{str(name).upper()}: " for name in error["loc"][:1])
    return setting + error["msg"].removeprefix("Value error, ")
