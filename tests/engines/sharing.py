"""Which tests two processes of one run never part: those that share one hub, one broker or one database."""

from pathlib import PurePosixPath

from xdist.scheduler import LoadScopeScheduling

ONE_HUB = frozenset({"tests/faults", "tests/journey"})
"""Folders whose tests all use one whole hub: it starts once, and its tests run one after the other as they stand."""


def company(test: str) -> str:
    """What a test's process is chosen by: its folder where one hub serves the folder, otherwise its file."""
    file = PurePosixPath(test.partition("::")[0])
    return next((folder for folder in ONE_HUB if file.is_relative_to(folder)), str(file))


class ByCompany(LoadScopeScheduling):  # type: ignore[misc]
    """Gives each process the next company when it has done with the one before, in the order of the command line."""

    def _split_scope(self, nodeid: str) -> str:
        return company(nodeid)
