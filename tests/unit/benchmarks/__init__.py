"""Figures are tested like any other decision."""
