"""The local run without engines."""
