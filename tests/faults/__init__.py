"""Kills and stops what the hub stands on, while records flow, and counts afterwards."""
