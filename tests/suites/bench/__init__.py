"""Time and memory, measured against fixed limits (`make bench`)."""
