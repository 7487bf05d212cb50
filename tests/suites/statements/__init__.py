"""Kept statements against the ORM on the same rows (`make statements`)."""
