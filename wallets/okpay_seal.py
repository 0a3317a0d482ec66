"""What the OKPAY Seal of a wallet tells the world. Official page "OKPAY Seal".

The seal is the place where OKPAY vouches for somebody, so its page tells apart what OKPAY has checked and what the
client says; and nothing leaves here that the client has not chosen to show.
"""

from dataclasses import dataclass
from datetime import date

from django.utils.translation import get_language

from wallets import countries, shops
from wallets.models import Account, OkpaySeal, Shop, Wallet

# The graphics, drawn by us: static/seals/<name>-<language>.svg, with their width and height.
GRAPHICS: dict[str, tuple[int, int]] = {"s1": (168, 56), "s2": (168, 56), "s3": (168, 56), "s4": (104, 104)}
GRAPHIC_LANGUAGES = {"en": "English", "de": "Deutsch", "ru": "Русский"}
# What stands in the page for who does not see the graphic. The official page has these words.
ALTERNATIVE = {"en": "Click here to verify", "de": "Hier klicken zum Prüfen", "ru": "Нажмите для проверки"}

# The choices that a business finds ticked when it first looks: what any shop says of itself.
OF_A_BUSINESS = ("shows_name", "shows_member_since", "shows_reputation", "shows_place", "shows_shop", "shows_site")
# And a private person: nothing that tells who he is.
OF_A_PERSON = ("shows_member_since",)


@dataclass(frozen=True)
class Told:
    """What the seal's page says. None and "" are what it keeps to itself, or does not know."""

    wallet_id: str
    verification: str
    name: str = ""
    member_since: date | None = None
    reputation: int | None = None
    place: str = ""
    place_confirmed: bool = False
    email: str = ""
    email_confirmed: bool = False
    phone: str = ""
    phone_confirmed: bool = False
    shop: Shop | None = None
    site: str = ""

    @property
    def is_verified(self) -> bool:
        return self.verification == Account.Verification.VERIFIED

    @property
    def verification_in_words(self) -> str:
        return str(Account.Verification(self.verification).label)


def of(wallet: Wallet) -> OkpaySeal:
    """The client's choice, or, before he has chosen, what we suggest; that is not shown to anybody."""
    kept = OkpaySeal.objects.filter(wallet=wallet).first()
    if kept:
        kept.wallet = wallet
        return kept
    suggested = OF_A_BUSINESS if wallet.account.kind == Account.Kind.BUSINESS else OF_A_PERSON
    return OkpaySeal(wallet=wallet, **dict.fromkeys(suggested, True))


def read(wallet_id: str) -> Told | None:
    """What anybody may read. None alike for a wallet that does not exist, is blocked, or shows no seal."""
    if len(wallet_id) != 11 or not wallet_id.isascii() or not wallet_id.isalnum():
        return None
    seal = (
        OkpaySeal.objects.select_related("wallet__account")
        .filter(wallet=wallet_id, is_shown=True, wallet__role=Wallet.Role.CLIENT, wallet__account__is_blocked=False)
        .first()
    )
    return told(seal) if seal else None


def told(seal: OkpaySeal) -> Told:
    """Only what the seal shows is looked at."""
    wallet, account = seal.wallet, seal.wallet.account
    shop = shops.of(wallet) if seal.shows_shop or seal.shows_site else None
    return Told(
        wallet.id,
        account.verification,
        name=public_name(account) if seal.shows_name else "",
        member_since=account.created_at.date() if seal.shows_member_since else None,
        reputation=account.reputation if seal.shows_reputation else None,
        place=public_place(account) if seal.shows_place else "",
        place_confirmed=account.address_confirmed,
        email=account.email if seal.shows_email else "",
        email_confirmed=account.email_confirmed,
        phone=account.phone if seal.shows_phone else "",
        phone_confirmed=account.phone_confirmed,
        shop=shop if seal.shows_shop else None,
        site=shop.site if shop and seal.shows_site else "",
    )


def public_name(account: Account) -> str:
    """A business's name is never that of the person who opened its account."""
    if account.kind == Account.Kind.BUSINESS:
        return account.business_name
    return f"{account.first_name} {account.last_name}".strip()


def public_place(account: Account) -> str:
    """City and country; never the street."""
    names = dict(countries.choices(get_language() or "en"))
    return ", ".join(part for part in (account.city, names.get(account.country_code, account.country_code)) if part)
