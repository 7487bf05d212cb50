"""simplejwt's blacklist app with the same label, tables and migration names. A project can switch and go back."""
