"""Real PostgreSQL and Kafka for the tests, started once for a session on free ports."""
