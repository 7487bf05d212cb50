"""Sessions and processes: workers that are killed, and nodes that share a database and a cache."""
