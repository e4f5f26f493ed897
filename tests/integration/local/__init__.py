"""The local run on real engines."""
