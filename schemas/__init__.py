"""Every contract that crosses a boundary: events, topics, codes, and what HTTP clients send and get."""
