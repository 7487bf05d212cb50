"""Whole requests: each library serves its own site in a process of its own."""
