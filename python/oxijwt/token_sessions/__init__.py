"""Logins that can be ended: one row per login, updated in place when its refresh token rotates."""
