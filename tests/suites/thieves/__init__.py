"""Thieves with a stolen refresh token against honest victims, for a simulated day (`make thieves`)."""
