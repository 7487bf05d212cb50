"""What a user does from login to logout, with plain requests against a live server, in each way to carry the tokens."""
