"""How every form of the site is written: one template for a field, one for a form, in templates/site/.

settings.FORM_RENDERER names the class. The admin has templates of its own and keeps them.
"""

from django.forms.renderers import DjangoTemplates


class SiteForms(DjangoTemplates):
    form_template_name = "site/form.html"
    field_template_name = "site/field.html"
