"""Tokens alone: no request and no database."""
