from django.conf import settings
from django.db import migrations, models
from django.db.models.deletion import CASCADE


def auto_id():
    return models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")


class Migration(migrations.Migration):
    initial = True

    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]

    operations = [
        migrations.CreateModel(
            "OutstandingToken",
            [
                ("id", auto_id()),
                ("jti", models.UUIDField(unique=True)),
                ("token", models.TextField()),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("user", models.ForeignKey(settings.AUTH_USER_MODEL, CASCADE)),
            ],
            {"ordering": ("user",)},
        ),
        migrations.CreateModel(
            "BlacklistedToken",
            [
                ("id", auto_id()),
                ("blacklisted_at", models.DateTimeField(auto_now_add=True)),
                ("token", models.OneToOneField("token_blacklist.OutstandingToken", CASCADE)),
            ],
        ),
    ]
