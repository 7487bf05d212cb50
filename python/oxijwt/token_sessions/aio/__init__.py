"""Sessions in async code. docs/dev/async.md has the reasons."""
