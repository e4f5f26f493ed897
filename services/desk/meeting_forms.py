"""The forms of a meeting's page, and the bodies of the commands that they become."""

from collections.abc import Mapping

MEETING_BODIES: dict[str, tuple[str, ...]] = {
    "convene": ("panel",),
    "attendance": ("agency", "status", "person"),
    "decision": ("referral", "decision", "reason"),
    "action": ("referral", "what", "person"),
    "sign-off": (),
}
"""The plain fields of each form; `casefile_forms.shaped` adds times."""
MINUTING = ("attendance", "decision", "action", "sign-off")
"""Commands of a meeting that stand."""
ANCHORS = {"attendance": "attendance", "sign-off": "main"}


def anchor(name: str, form: Mapping[str, str]) -> str:
    """Where on the page a saved form leads back to: the item that it was about, or the attendance."""
    return ANCHORS.get(name) or form.get("referral", "main")
