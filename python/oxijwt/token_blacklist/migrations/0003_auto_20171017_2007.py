from uuid import UUID

from django.db import migrations


def fill(field, value):
    """A migration step that sets one field of every token, row by row in constant memory."""

    def step(apps, schema_editor):
        model = apps.get_model("token_blacklist", "OutstandingToken")
        rows = model.objects.using(schema_editor.connection.alias)
        for row in rows.order_by("pk").iterator():
            rows.filter(pk=row.pk).update(**{field: value(row)})

    return step


class Migration(migrations.Migration):
    dependencies = [("token_blacklist", "0002_outstandingtoken_jti_hex")]

    operations = [
        migrations.RunPython(
            fill("jti_hex", lambda row: row.jti.hex),
            fill("jti", lambda row: UUID(hex=row.jti_hex)),
        )
    ]
