"""The one loop that makes every decision durable, and its plumbing; it knows no word of the domain."""
