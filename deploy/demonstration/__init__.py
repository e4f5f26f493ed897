"""The demonstration day: invented reports that walk in by the same doors as real ones."""
