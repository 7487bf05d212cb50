"""`manage.py flushexpiredtokens`: delete expired tokens and sessions."""

from oxijwt.records.flushing import Command

__all__ = ["Command"]
