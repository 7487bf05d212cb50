"""Hostile tokens, Authorization headers and bodies, as tables, sent to every place that takes one.

tokens.py, authorization.py and bodies.py hold a case a line; places.py says where they go; the tests run them. Each
site runs all of it: tests.settings, tests.settings_sessions, tests.settings_uuid_blacklist, tests.settings_uuid_users.
"""
