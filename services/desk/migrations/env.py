"""Alembic's way in; everything it does stands in the kernel."""

from services.kernel.migrations import run_environment

run_environment()
