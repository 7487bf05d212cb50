"""The neighbours' own test suites."""
