"""Keys are rotated and one is revoked while clients log in, call and refresh without pause (`make rotation-load`)."""
