"""dj-rest-auth and djoser, the real packages, on oxijwt with sessions (`make neighbours`)."""
