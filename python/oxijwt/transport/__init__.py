"""Where a request carries a token, and where an answer leaves one."""
