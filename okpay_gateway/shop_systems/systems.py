"""What is known of shop systems: where each keeps payment modules, where they are set up, and where it writes logs.

The official page says that there is a list of carts; the list itself is lost, and so are OKPAY's modules. So nothing
here pretends to know a module's files: it says where to look for the host name. What modules sent and expected,
whatever the cart, is in HABITS.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise

Words = StrOrPromise


@dataclass(frozen=True)
class ShopSystem:
    """`folders` are those below which the system looks for payment modules, relative to its own."""

    slug: str
    name: Words
    folders: tuple[str, ...]
    settings: Words
    currency: Words
    log: Words
    note: Words = ""


@dataclass(frozen=True)
class Habit:
    """Something that modules for OKPAY did or depended on, and how this server meets it."""

    does: Words
    here: Words


SYSTEMS = (
    ShopSystem(
        "woocommerce",
        "WooCommerce",
        ("wp-content/plugins/",),
        _("WooCommerce, Settings, Payments"),
        _("WooCommerce, Settings, General"),
        _("WooCommerce, Status, Logs"),
        _("Modules mostly hear notifications at an address with wc-api= in it; the module’s code has its name."),
    ),
    ShopSystem(
        "prestashop",
        "PrestaShop",
        ("modules/",),
        _("Modules, then Configure beside the module"),
        _("Localization; which currencies a module takes: Payment, Preferences"),
        _("Advanced Parameters, Logs"),
        _("Clear the cache after a change (Advanced Parameters, Performance)."),
    ),
    ShopSystem(
        "opencart",
        "OpenCart",
        ("catalog/controller/", "catalog/model/", "admin/controller/"),
        _("Extensions, Payments"),
        _("System, Localisation, Currencies"),
        _("System, Maintenance, Error Logs"),
        _("Payment modules lie in a folder payment below these, since version 2.3 in extension/payment."),
    ),
    ShopSystem(
        "magento",
        "Magento",
        ("app/code/",),
        _("System, Configuration, Payment Methods"),
        _("System, Configuration, Currency Setup"),
        "var/log/",
        _("Magento 1 has app/code/community and app/code/local. Flush the cache after a change."),
    ),
    ShopSystem(
        "oscommerce",
        "osCommerce",
        ("includes/modules/payment/", "ext/modules/payment/"),
        _("Modules, Payment"),
        _("Localization, Currencies"),
        _("the web server’s error log"),
        _("What hears notifications often lies below ext/, or in a file of its own beside checkout_process.php."),
    ),
    ShopSystem(
        "zen-cart",
        "Zen Cart",
        ("includes/modules/payment/",),
        _("Modules, Payment"),
        _("Localization, Currencies"),
        "logs/",
    ),
    ShopSystem(
        "virtuemart",
        "VirtueMart",
        ("plugins/vmpayment/",),
        _("VirtueMart, Payment Methods"),
        _("VirtueMart, Configuration; each payment method may have a currency of its own"),
        _("Joomla’s log folder, see Global Configuration"),
    ),
    ShopSystem(
        "whmcs",
        "WHMCS",
        ("modules/gateways/", "modules/gateways/callback/"),
        _("Setup, Payments, Payment Gateways"),
        _("Setup, Payments, Currencies; a gateway can convert to one currency"),
        _("Billing, Gateway Log"),
        _("Files in callback/ hear notifications. Some gateways are encoded and cannot be edited: see below."),
    ),
    ShopSystem(
        "drupal",
        "Drupal (Ubercart, Commerce)",
        ("sites/all/modules/", "modules/"),
        _("Store, Configuration, Payment methods"),
        _("Store, Configuration, Currency settings"),
        _("Reports, Recent log messages"),
        _("Clear all caches after a change (Configuration, Performance)."),
    ),
    ShopSystem(
        "cs-cart",
        "CS-Cart",
        ("app/payments/", "app/addons/"),
        _("Administration, Payment methods"),
        _("Administration, Currencies"),
        _("Administration, Logs"),
    ),
    ShopSystem(
        "own-program",
        _("A shop of your own"),
        ("./",),
        _("wherever your program keeps its settings"),
        _("the ok_currency that your form sends"),
        _("your program’s log"),
        _("Let the address of OKPAY be a setting, with this server in tests. Then nothing has to be edited."),
    ),
)
BY_SLUG = {system.slug: system for system in SYSTEMS}

# What stood in modules, as (address, path on this server, what for).
ADDRESSES: tuple[tuple[str, str, Words], ...] = (
    ("https://www.okpay.com/process.html", "/process.html", _("where the payment form goes")),
    ("https://checkout.okpay.com/", "/process.html", _("the same, in later modules")),
    ("https://www.okpay.com/ipn-verify.html", "/ipn-verify.html", _("where a message is verified")),
    ("https://checkout.okpay.com/ipn-verify", "/ipn-verify", _("the same, in later modules")),
    ("https://api.okpay.com/OkPayAPI?wsdl", "/OkPayAPI?wsdl", _("the SOAP API, if the module refunds or looks up")),
)

HABITS = (
    Habit(
        _("Names the receiver by wallet ID, e-mail address or phone number."),
        _("All three are found, and the notification has ok_receiver as it was sent."),
    ),
    Habit(
        _(
            "Writes prices as 100, 1.5, 25.00 or 1,234.50, the currency in lower case,"
            " and sends buttons and fields of its own."
        ),
        _("All of that is read; what is not ours is left alone."),
    ),
    Habit(
        _("Sends its own listener with every form, as ok_ipn."),
        _("Notifications go there, even while IPN is off in the wallet."),
    ),
    Habit(
        _("Has no ok_ipn, and verifies what the buyer’s browser brings back to the success URL."),
        _("The variables of a return verify, too, by GET and by POST. They have no ok_ipn_id."),
    ),
    Habit(
        _("Puts ok_verify=true first or last, and writes escapes and spaces in its own way."),
        _("Decoded values are compared. Empty variables must come back."),
    ),
    Habit(
        _("Sends the variables back in another order."),
        _("VERIFIED with a warning in the Verification Log; INVALID where IPN_VERIFY_STRICT_ORDER is on."),
    ),
    Habit(
        _("Asks ipn-verify without a Content-Type, with text/xml, with a strange Host, by HTTP/1.0, or by GET."),
        _("It is answered all the same, over plain HTTP, too, and never redirected."),
    ),
    Habit(
        _("Compares the whole answer with VERIFIED."),
        _("The answer is that word without a newline, with a Content-Length."),
    ),
    Habit(
        _("Answers a notification with anything."),
        _("Only the status counts: 200 is delivered, everything else is sent again. The text is kept for you to read."),
    ),
    Habit(
        _("Sends payment methods under ok_payment_methods and ok_direct_payment."),
        _("They are later names of ok_paysystems and ok_directdeposit."),
    ),
    Habit(
        _("Compares the name of a SOAP fault."),
        _("Fault texts are the names and nothing else; API_DIALECT chooses those of 2012 or 2015."),
    ),
)

# What modules read in a notification, so that it is always there.
INSISTED_ON = (
    *("ok_txn_id", "ok_txn_kind", "ok_txn_status", "ok_txn_gross", "ok_txn_net", "ok_txn_amount", "ok_txn_currency"),
    *("ok_receiver", "ok_receiver_email", "ok_receiver_id", "ok_receiver_wallet", "ok_invoice", "ok_payer_id"),
    *("ok_item_1_price", "ok_item_1_article", "ok_ipn_id"),
)
