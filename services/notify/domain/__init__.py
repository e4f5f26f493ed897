"""Who is told what, and what follows when a delivery fails. Pure."""
