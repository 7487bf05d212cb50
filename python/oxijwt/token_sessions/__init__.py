"""Logins that can be ended. Each login has one row, which a refresh updates in place."""
