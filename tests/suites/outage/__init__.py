"""What a stateless service answers, second by second, while its REVOCATION_CACHE is emptied, down or started again."""
