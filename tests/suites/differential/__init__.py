"""The same generated tokens through oxijwt and PyJWT, and a reason for every disagreement (`make differential`)."""
