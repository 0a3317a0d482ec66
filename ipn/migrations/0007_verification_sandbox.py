"""Whose world a verification belongs to, for those that are there: as it was found out until now."""

import django.db.models.deletion
from django.db import migrations, models

WHOSE = """
UPDATE ipn_verification v SET sandbox_id = coalesce(
    (SELECT sandbox_id FROM ipn_ipnmessage WHERE id = v.message_id),
    (SELECT sandbox_id FROM ipn_autoreturn WHERE id = v.auto_return_id),
    'default'
)
"""


def find_out(apps, schema_editor):
    if apps.get_model("ipn", "Verification").objects.exists():
        apps.get_model("sandbox", "Sandbox").objects.get_or_create(id="default")
        schema_editor.execute(WHOSE)
        # A table cannot be altered while foreign keys are still to be compared.
        schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):

    dependencies = [
        ("ipn", "0006_scripted"),
        ("sandbox", "0007_worlds"),
    ]

    operations = [
        migrations.AddField(
            model_name="verification",
            name="sandbox",
            field=models.ForeignKey(null=True, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="verifications", to="sandbox.sandbox", verbose_name="sandbox"),
        ),
        migrations.RunPython(find_out, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="verification",
            name="sandbox",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="verifications", to="sandbox.sandbox", verbose_name="sandbox"),
        ),
        migrations.AddIndex(
            model_name="verification",
            index=models.Index(models.F("sandbox"), models.OrderBy(models.F("id"), descending=True), name="verifications_of_sandbox"),
        ),
    ]
