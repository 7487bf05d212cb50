"""Protected requests under an ASGI server, against the sync way under gunicorn."""
