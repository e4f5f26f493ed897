"""What triage decides. Pure."""
