"""What docs/sessions.md promises to end, asked of everybody who reads a token."""
