"""The forms of the account pages, one module per subject. The checkout shows the entrance's two."""

from wallets.forms.entrance import EMAIL_TAKEN, LoginForm, RegistrationForm

__all__ = ["EMAIL_TAKEN", "LoginForm", "RegistrationForm"]
