"""The sections of the documentation, in the order of the official pages. Each has a template of its name."""

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

Words = StrOrPromise


@dataclass(frozen=True)
class Section:
    slug: str
    title: Words
    summary: Words

    @property
    def address(self) -> str:
        return reverse("developers-section", args=[self.slug])

    @property
    def template(self) -> str:
        return f"developers/{self.slug.replace('-', '_')}.html"


SECTIONS = (
    Section(
        "payment-forms",
        _("Payment forms"),
        _("The checkout’s HTML form, its address, how a total comes about, and every variable."),
    ),
    Section("code-samples", _("Code samples"), _("The twelve official forms, each with a button that works here.")),
    Section("auto-return", _("Auto return"), _("How the buyer’s browser comes back to your shop, and what it brings.")),
    Section(
        "notifications",
        _("Payment notifications (IPN)"),
        _("Write a listener, tell us where it is, see what it was sent, and try it."),
    ),
    Section(
        "sample-listeners",
        _("Sample listeners"),
        _("Whole programs that hear, verify and decide, in six languages, each of them tried."),
    ),
    Section(
        "notification-variables", _("IPN variables"), _("Every variable of a notification and the words it may hold.")
    ),
    Section(
        "verification", _("Verification"), _("Ask whether a message is ours, and find out why the answer is INVALID.")
    ),
    Section(
        "encrypted-buttons", _("Encrypted buttons"), _("A form that nobody can read or change, also by your program.")
    ),
    Section("soap-api", _("SOAP API"), _("Addresses, security token, every function, structure and enumeration.")),
    Section(
        "soap-samples",
        _("SOAP samples"),
        _("Whole programs that ask for a balance, send money and read an error, in six languages, each of them tried."),
    ),
    Section("mass-payments", _("Mass payments"), _("Pay many at once by a list, and hear about each of them.")),
    Section("errors", _("Errors"), _("Every error that this server gives, why it comes, and what to do about it.")),
    Section("codes", _("Codes"), _("Currencies, payment methods, kinds of items, languages.")),
)
BY_SLUG = {section.slug: section for section in SECTIONS}
