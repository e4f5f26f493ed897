"""Write every `jgo.lock.toml` anew from the coordinates in the `jgo.toml` beside it (part of `make lock`)."""

import os
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from jgo.maven import MavenContext, PythonResolver

from deploy.local.jars import HERE, ZIPKIN_LOCK, Jar, locked, sha256_of
from deploy.local.reader_models import E5_LOCK


def relock_kafka(repository: Path) -> int:
    """Resolve Kafka's coordinates with jgo's own resolver, which needs neither Maven nor Java."""
    with tempfile.TemporaryDirectory() as cache:
        places = {"M2_REPO": str(repository), "JGO_CACHE_DIR": cache}
        command = [str(Path(sys.executable).with_name("jgo")), "--resolver", "python", "-f", "jgo.toml", "lock"]
        return subprocess.run(command, cwd=HERE, env={**os.environ, **places}, check=False).returncode  # noqa: S603


def named(specification: str) -> tuple[str, Jar]:
    """The environment's name and the one file that a `jgo.toml` names, with kind and classifier where it says them.

    Raises `ValueError` where it names more than one, which only a resolver can lock.
    """
    content = tomllib.loads(specification)
    (coordinate,) = content["dependencies"]["coordinates"]
    group, artifact, *between, version = coordinate.split(":")
    packaging, classifier = (between + ["jar", ""][len(between) :])[:2]
    return content["environment"]["name"], Jar(group, artifact, version, packaging, classifier, "")


def single_lock(name: str, jar: Jar, sha256: str, remark: str = "") -> str:
    """The text of a lock of one file."""
    rows = {"groupId": jar.group, "artifactId": jar.artifact, "version": jar.version, "packaging": jar.packaging}
    rows |= ({"classifier": jar.classifier} if jar.classifier else {}) | {"sha256": sha256}
    lines = "".join(f'{key} = "{value}"\n' for key, value in rows.items())
    return f'[environment]\nname = "{name}"\n\n[[dependencies]]\n{lines}{remark}'


def relock_single(lock: Path, repository: Path) -> None:
    """Fetch the one file that the specification beside `lock` names, and write down what came."""
    name, jar = named(lock.with_name("jgo.toml").read_text())
    jar.path(repository).unlink(missing_ok=True)  # it may be half a download, whose hash would be written down
    context = MavenContext(PythonResolver(), repo_cache=repository)
    context.project(jar.group, jar.artifact).at_version(jar.version).artifact(jar.classifier, jar.packaging).resolve()
    sha256 = sha256_of(jar.path(repository))
    remark = "".join(line + "\n" for line in lock.read_text().splitlines() if line.startswith("#"))
    lock.write_text(single_lock(name, jar, sha256, remark))


def main() -> int:
    """0 when the locks are written and Kafka's names one version of Kafka's own jars."""
    repository = Path(os.environ.get("HUB_HOME", ".hub")).absolute() / "java"
    if relock_kafka(repository):
        return 2
    for lock in (ZIPKIN_LOCK, E5_LOCK):
        relock_single(lock, repository)
    versions = {jar.version for jar in locked(HERE / "jgo.lock.toml") if jar.group == "org.apache.kafka"}
    if len(versions) != 1:
        sys.stderr.write(
            f"Kafka's jars came in several versions ({', '.join(sorted(versions))}): find who brought them.\n"
        )
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
