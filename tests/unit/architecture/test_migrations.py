"""Each service's migrations are one chain: two with one number would keep the hub from starting."""

from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

SERVICES = Path(__file__).parents[3] / "services"
NAMES = sorted(path.parent.name for path in SERVICES.glob("*/migrations"))


@pytest.mark.filterwarnings("error:Revision .* is present more than once")
@pytest.mark.parametrize("service", NAMES)
def test_a_services_migrations_have_one_head_and_one_number_each(service: str) -> None:
    config = Config()
    config.set_main_option("script_location", str(SERVICES / service / "migrations"))
    script = ScriptDirectory.from_config(config)
    files = [path.stem[:4] for path in (SERVICES / service / "migrations" / "versions").glob("0*.py")]
    assert len(script.get_heads()) == 1
    assert sorted(files) == sorted(set(files))
    assert len(list(script.walk_revisions())) == len(files)
