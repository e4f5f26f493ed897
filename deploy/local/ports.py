"""The port map of a local run, and who stands on a port that it needs."""

import socket
from dataclasses import dataclass
from pathlib import Path

from deploy.local.trouble import CannotStart

SERVICES = ("intake", "triage", "referrals", "notify", "desk")
"""In the order of the data's flow: they start in it and stop against it."""
_OFFSETS = {"desk": 0, "intake": 1, "triage": 2, "referrals": 3, "notify": 4}
_LISTENING = "0A"


@dataclass(frozen=True, slots=True)
class Ports:
    """All ports of a run, by its base; every one is on loopback."""

    base: int

    def service(self, name: str) -> int:
        """The port of a service's HTTP."""
        return self.base + _OFFSETS[name]

    @property
    def zipkin(self) -> int:
        """The trace viewer."""
        return self.base + 11

    @property
    def bridge(self) -> int:
        """OTLP over HTTP in."""
        return self.base + 18

    @property
    def smtp(self) -> int:
        """The mail sink."""
        return self.base + 25

    @property
    def mail(self) -> int:
        """The mails that the sink received, as JSON."""
        return self.base + 26

    @property
    def postgres(self) -> int:
        """PostgreSQL."""
        return self.base + 32

    @property
    def kafka(self) -> int:
        """The broker; its controller has the next one."""
        return self.base + 92


def is_free(port: int) -> bool:
    """Whether this process could listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def holder(port: int) -> str:
    """The program that listens on `port`, as far as this user may see it."""
    inodes = {f"socket:[{inode}]" for inode in _listeners(port)}
    for entry in Path("/proc").glob("[0-9]*/fd/*") if inodes else ():
        try:
            if str(entry.readlink()) in inodes:
                process = entry.parents[1]
                return f"{(process / 'comm').read_text().strip()}, process {process.name}"
        except OSError:
            continue
    return "another program"


def _listeners(port: int) -> set[str]:
    found = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if table.exists():
            rows = [line.split() for line in table.read_text().splitlines()[1:]]
            found |= {row[9] for row in rows if row[3] == _LISTENING and int(row[1].rpartition(":")[2], 16) == port}
    return found


def require_free(wanted: dict[str, int], base: int) -> None:
    """Raises `CannotStart` naming the first port that is taken, by whom, and what to do."""
    for name, port in wanted.items():
        if not is_free(port):
            raise CannotStart(
                f"Port {port}, which {name} needs, is taken ({holder(port)}). Stop that program, or move the whole "
                f"run: HUB_PORT_BASE={base + 1000} make run"
            )
