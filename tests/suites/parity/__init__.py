"""simplejwt's own suite, on simplejwt and on oxijwt (`make parity`)."""
