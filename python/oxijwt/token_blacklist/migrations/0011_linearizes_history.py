from django.db import migrations


class Migration(migrations.Migration):
    """A step that does nothing; databases of simplejwt have it in their history."""

    dependencies = [("token_blacklist", "0010_fix_migrate_to_bigautofield")]

    operations = []
