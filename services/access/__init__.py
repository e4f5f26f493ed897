"""Who calls, and what she may do: shared by every service that answers HTTP."""
