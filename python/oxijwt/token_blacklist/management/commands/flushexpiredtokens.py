"""`manage.py flushexpiredtokens`: deletes expired tokens and sessions."""

from oxijwt.flushing import Command

__all__ = ["Command"]
