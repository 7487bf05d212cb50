"""Routers of projects with several databases."""

LABEL = "token_sessions"


class SessionsApart:
    """Sessions are in the database `sessions`, all else in `default`. It permits no relation between the two."""

    def db_for_read(self, model, **_hints):
        return self.db_for_write(model)

    def db_for_write(self, model, **_hints):
        return "sessions" if model._meta.app_label == LABEL else None

    def allow_migrate(self, db, app_label, **_hints):
        return (db == "sessions") == (app_label == LABEL)


class UsersElsewhere:
    """Users are in the database `users`, all else in `default`."""

    def db_for_write(self, model, **_hints):
        return "users" if model._meta.label_lower == "auth.user" else None
