"""Helpers of async code. docs/dev/async.md has the reasons."""
