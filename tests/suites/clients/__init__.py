"""JavaScript clients that refresh, with axios and fetch, under node against gunicorn (`make clients`)."""
