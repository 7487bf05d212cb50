"""Suites beside the tests of each module: one question put to the whole package, most with a command of their own."""
