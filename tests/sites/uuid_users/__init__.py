"""A user model with a UUID as key and a manager that can't be joined."""
