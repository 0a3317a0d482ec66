"""Answers that were remembered unsealed cannot be opened: they are forgotten, none of them was older than a day."""

from django.db import migrations


def forget(apps, schema_editor):
    apps.get_model("sandbox", "RememberedAnswer").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("sandbox", "0004_control_tokens")]
    operations = [migrations.RunPython(forget, migrations.RunPython.noop)]
