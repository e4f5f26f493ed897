"""Write `jgo.lock.toml` anew from the coordinates in `jgo.toml` (part of `make lock`)."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from deploy.local.jars import HERE, locked


def relock_kafka(repository: Path) -> int:
    """Resolve Kafka's coordinates with jgo's own resolver, which needs neither Maven nor Java."""
    with tempfile.TemporaryDirectory() as cache:
        places = {"M2_REPO": str(repository), "JGO_CACHE_DIR": cache}
        command = [str(Path(sys.executable).with_name("jgo")), "--resolver", "python", "-f", "jgo.toml", "lock"]
        return subprocess.run(command, cwd=HERE, env={**os.environ, **places}, check=False).returncode  # noqa: S603


def main() -> int:
    """0 when the lock is written and names one version of Kafka's own jars."""
    repository = Path(os.environ.get("HUB_HOME", ".hub")).absolute() / "java"
    if relock_kafka(repository):
        return 2
    versions = {jar.version for jar in locked(HERE / "jgo.lock.toml") if jar.group == "org.apache.kafka"}
    if len(versions) != 1:
        sys.stderr.write(
            f"Kafka's jars came in several versions ({', '.join(sorted(versions))}): find who brought them.\n"
        )
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
