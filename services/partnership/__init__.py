"""The partnership as data, loaded and checked: a read-only library that every service may import."""
