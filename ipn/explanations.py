"""What the owner of a listener can do about an attempt that failed. From "IPN Troubleshooting Tips"."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ipn.models import DeliveryAttempt

Error = DeliveryAttempt.Error

CURES: dict[str, Promise] = {
    Error.INCORRECT_URL: gettext_lazy(
        "Give a URL that starts with http:// or https://, names a host and holds no user name or password."
    ),
    Error.FORBIDDEN_ADDRESS: gettext_lazy(
        "Put the listener on a public address. Link-local, metadata and multicast addresses are never posted to; "
        "this machine and private networks only where IPN_ALLOW_PRIVATE is on."
    ),
    Error.NAME_NOT_FOUND: gettext_lazy(
        "Check the spelling of the host in the URL, and that its name can be resolved from this server."
    ),
    Error.REFUSED: gettext_lazy("Nothing listens at this port. Start your server, or correct the port in the URL."),
    Error.UNREACHABLE: gettext_lazy("Check that the host is up and that no firewall or route keeps us away from it."),
    Error.TIMED_OUT: gettext_lazy(
        "Answer 200 at once and do the work afterwards. If nothing arrives at all, a firewall may swallow our messages."
    ),
    Error.TLS: gettext_lazy(
        "Install a certificate for this host name that is not expired, together with its intermediate certificates. "
        "A sandbox accepts self-signed ones where IPN_VERIFY_TLS is off."
    ),
    Error.DISCONNECTED: gettext_lazy(
        "The connection was closed before an answer came. Look for a crash in the log of your server or its proxy."
    ),
    Error.MALFORMED_ANSWER: gettext_lazy(
        "What came back is not HTTP. Check that a web server listens at this port, with https:// if it speaks TLS."
    ),
    Error.HEADER_TOO_BIG: gettext_lazy("Send fewer or shorter header fields, cookies for example."),
    Error.REDIRECT: gettext_lazy(
        "Redirects are not followed. Use the final URL: mind http or https, www, and the slash at the end."
    ),
    Error.STATUS: gettext_lazy("Only 200 acknowledges a message. Make your listener answer 200."),
}

STATUS_CURES: dict[int, Promise] = {
    400: gettext_lazy("Your server did not accept the request. Check that the listener reads form-encoded POSTs."),
    401: gettext_lazy("The listener asks for a password. OKPAY has none: leave this path open."),
    403: gettext_lazy(
        "Your server forbids the request. Exempt this path from CSRF checks, logins and firewall rules against bots."
    ),
    404: gettext_lazy(
        "There is no page at this path. The path in the URL is often similar to, but not the same as, that of the file."
    ),
    405: gettext_lazy("The page does not accept POST. Let the listener accept it, or correct the path in the URL."),
    413: gettext_lazy("Your server takes the message for too big. Raise its limit for this path."),
    415: gettext_lazy("Let the listener accept application/x-www-form-urlencoded."),
    429: gettext_lazy("Your server limits how often it may be called. Exempt this path."),
    500: gettext_lazy("The listener failed. Its own log says why; resend the message when it is repaired."),
    502: gettext_lazy("Your proxy did not reach the application behind it. Check that it runs."),
    503: gettext_lazy("Your server was overloaded or under maintenance. The message will be repeated."),
    504: gettext_lazy("Your proxy waited too long for the application. Answer 200 at once and do the work afterwards."),
}


def cure(attempt: DeliveryAttempt) -> str:
    """What to do about a failed attempt, in a sentence or two; empty when nothing is wrong."""
    code = attempt.response_code
    if attempt.error == Error.STATUS and code:
        if code in STATUS_CURES:
            return str(STATUS_CURES[code])
        if 200 < code < 300:
            return _("Your server accepted the message, but only 200 acknowledges it. Make your listener answer 200.")
    return str(CURES.get(attempt.error, ""))
