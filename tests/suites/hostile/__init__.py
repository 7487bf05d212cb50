"""Hostile tokens, Authorization headers and bodies, as tables, sent to every place that takes one.

tokens.py, authorization.py and bodies.py hold a case a line; places.py says where they go; the tests run them. Each
site runs all of it: tests.sites.settings, tests.sites.sessions, tests.sites.uuid_blacklist, tests.sites.uuid_sessions.
"""
