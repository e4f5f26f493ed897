"""The demonstration day, as values."""
