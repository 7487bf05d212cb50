"""The sites that tests run on: a settings module each, and the URLs, views and apps that these name."""
