import uuid

from django.conf import settings
from django.db import migrations, models

from oxijwt.token_sessions.models import UserKey, delete_with_user

REASONS = [
    (1, "logout"),
    (2, "logout from another session"),
    (3, "logout everywhere"),
    (4, "a spent refresh token came back"),
    (5, "ended by an administrator"),
    (6, "too many sessions"),
    (7, "revoked by the application"),
    (8, "marks that older tokens are not adopted"),
    (9, "the user was deactivated"),
]


def leave_room_for_updates(apps, schema_editor):
    """On PostgreSQL a page keeps a tenth free, so that a refreshed row finds room next to its old version."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE token_sessions_tokensession SET (fillfactor = 90)")


class Migration(migrations.Migration):
    initial = True

    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            "TokenSession",
            [
                ("id", models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False, serialize=False)),
                ("created_at", models.DateTimeField(verbose_name="created at")),
                ("rotated_at", models.DateTimeField(null=True, verbose_name="last used at")),
                ("expires_at", models.DateTimeField(verbose_name="expires at")),
                ("absolute_expires_at", models.DateTimeField(null=True, verbose_name="ends at the latest")),
                ("revoked_at", models.DateTimeField(null=True, verbose_name="revoked at")),
                ("generation", models.PositiveIntegerField(default=0, verbose_name="generation")),
                ("flush_after", models.DateField(db_index=True, verbose_name="flush after")),
                (
                    "revoke_reason",
                    models.PositiveSmallIntegerField(choices=REASONS, null=True, verbose_name="revoke reason"),
                ),
                ("auth_hash", models.BinaryField(editable=False, max_length=32)),
                ("ip_address", models.GenericIPAddressField(null=True, verbose_name="IP address")),
                ("user_agent", models.CharField(blank=True, max_length=255, verbose_name="user agent")),
                (
                    "user",
                    UserKey(
                        settings.AUTH_USER_MODEL, delete_with_user, related_name="token_sessions", verbose_name="user"
                    ),
                ),
            ],
            {"verbose_name": "Token Session", "verbose_name_plural": "Token Sessions"},
        ),
        migrations.RunPython(leave_room_for_updates, migrations.RunPython.noop),
    ]
