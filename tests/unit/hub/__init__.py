"""The command line without services."""
