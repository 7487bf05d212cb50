"""Sites with async views."""
