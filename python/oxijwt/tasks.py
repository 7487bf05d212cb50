"""A task for Django's task framework: `flush_expired_tokens.enqueue()` lets a worker run `flushexpiredtokens`.

Django 6.0 and newer have `django.tasks`. On Django 5.2 this module can't be imported.
"""

from django.tasks import task

from .records.flushing import flush_expired


@task
def flush_expired_tokens() -> dict[str, int]:
    """Delete expired tokens and sessions. The result is the number of rows deleted from each table."""
    return flush_expired()
