"""SQL that is written once and kept. Where a project has put something in between, the ORM writes it each time."""
