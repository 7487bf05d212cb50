"""Other packages' own test suites, unmodified, on simplejwt and on oxijwt. `parity` and `neighbours` list them."""
