"""A rule set's YAML read and written back, so that two versions differ by what was changed and by nothing else."""

import io
from typing import Any

from ruamel.yaml import YAML

LINE = 4096
"""Characters of a line before it is broken: never, so that a diff shows terms and cases and not folding."""


def keeping() -> YAML:
    """What keeps comments, quotes and lines as they are."""
    yaml = YAML()
    yaml.width, yaml.preserve_quotes = LINE, True
    return yaml


def written(yaml: YAML, content: Any) -> str:
    """The content as text."""
    out = io.StringIO()
    yaml.dump(content, out)
    return out.getvalue()
