"""Clients that keep their tokens, while nodes of different steps serve, workers die, and the database forgets."""
