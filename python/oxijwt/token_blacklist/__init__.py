"""simplejwt's blacklist app: the same label, tables and migration names, so that a project can switch and go back."""
