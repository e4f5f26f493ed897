"""Find the Chromium that journey tests drive, or install the system's, or say what to install."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


def find() -> str | None:
    """The path of an installed Chromium; HUB_CHROMIUM names one that stands elsewhere."""
    named = os.environ.get("HUB_CHROMIUM")
    return named or next((path for name in NAMES if (path := shutil.which(name))), None)


def install() -> str | None:
    """Install the system's Chromium where that is allowed (root, apt); its path, or None."""
    apt = shutil.which("apt-get")
    if apt is None or os.geteuid() != 0:
        return None
    sys.stderr.write("Installing Chromium for the journey tests (apt-get, about 100 MB) ...\n")
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (("update",), ("install", "-y", "--no-install-recommends", "chromium")):
        if subprocess.run([apt, "-qq", *command], env=quiet, stdout=subprocess.DEVNULL, check=False).returncode:  # noqa: S603
            return None
    return find()


def main() -> int:
    """0 when there is a browser."""
    if find() or install():
        return 0
    sys.stderr.write(
        "The journey tests need Chromium and none was found. Install it (Debian: apt-get install chromium, macOS: "
        "brew install chromium) or name one that stands elsewhere: HUB_CHROMIUM=/path/to/chromium make test\n"
    )
    return 2


if __name__ == "__main__":
    sys.exit(main())
