"""The Profile: details, password, addresses and that they are the client's, papers, the mailbox."""

import io
import re
from datetime import timedelta

import pytest
from django.conf import LazySettings
from django.core import mail, signing
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from sandbox import clock
from sandbox.models import Sandbox
from tests.account.conftest import logged_in
from tests.conftest import account_of
from wallets import confirmations, documents, payments
from wallets.models import Account, MailboxMessage, Transaction, Wallet
from wallets.money import D

DETAILS = {
    "first_name": "Sam",
    "last_name": "Shop",
    "business_name": "Third Shop",
    "phone": "+49 (30) 7654321",
    "country_code": "DE",
    "street": "Lindenstraße 6",
    "zip": "10969",
    "city": "Berlin",
    "state": "",
}

NEWCOMER = {
    "kind": "person",
    "first_name": "Nina",
    "last_name": "Newcomer",
    "email": "nina@example.com",
    "password": "correct horse",
    "password_again": "correct horse",
}


def png() -> bytes:
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "green").save(picture, "PNG")
    return picture.getvalue()


def link_in(body: str) -> str:
    [path] = re.findall(r"https?://[^/\s]+(/\S+)", body)
    return str(path)


def test_the_profile_leads_to_all_of_it(as_merchant: Client) -> None:
    page = as_merchant.get("/account/profile/").content.decode()

    for address in ("wallets/", "profile/details/", "profile/password/", "profile/email/", "profile/verification/"):
        assert f'href="/account/{address}"' in page
    assert "Account preferences" in page
    assert "Test Tools" in page


# Details


def test_details_are_kept(as_stranger: Client, stranger: Wallet) -> None:
    assert as_stranger.post("/account/profile/details/", DETAILS)["Location"] == "/account/profile/"

    account = account_of("shop@example.com")
    assert (account.business_name, account.phone, account.city) == ("Third Shop", "49-307654321", "Berlin")


@pytest.mark.parametrize("field", ["first_name", "last_name", "business_name", "street", "zip", "city", "state"])
@pytest.mark.parametrize("sign", ["\u202e", "\u200b", "\n", "\ufeff"])
def test_nobody_calls_himself_what_others_cannot_see(
    as_stranger: Client, stranger: Wallet, field: str, sign: str
) -> None:
    refused = as_stranger.post("/account/profile/details/", {**DETAILS, field: f"Good{sign}Name"})

    assert refused.context["form"].errors == {field: ["Write plain text: there are invisible signs in it."]}
    assert account_of("shop@example.com").city == ""


def test_names_of_every_script_are_welcome(as_stranger: Client, stranger: Wallet) -> None:
    as_stranger.post("/account/profile/details/", {**DETAILS, "business_name": "نام\u200cها ☕ Ł’Œuvre"})

    assert account_of("shop@example.com").business_name == "نام\u200cها ☕ Ł’Œuvre"


def test_the_form_comes_back_as_it_was(as_stranger: Client, stranger: Wallet) -> None:
    as_stranger.post("/account/profile/details/", DETAILS)
    form = as_stranger.get("/account/profile/details/").context["form"]

    as_stranger.post("/account/profile/details/", {name: form[name].value() for name in form.fields})

    assert account_of("shop@example.com").phone == "49-307654321"


def test_what_changes_has_to_be_confirmed_again(as_buyer: Client, buyer: Wallet) -> None:
    kept = {"phone": "+49 30 1234567", "country_code": "DE", "street": "Lindenstraße 5", "zip": "10969"}

    as_buyer.post("/account/profile/details/", {**kept, "city": "Berlin", "state": "Berlin"})
    assert (account_of("buyer@example.com").phone_confirmed, account_of("buyer@example.com").address_confirmed) == (
        True,
        True,
    )

    as_buyer.post("/account/profile/details/", {**kept, "city": "Hamburg", "state": "", "phone": "+49 30 7654321"})
    changed = account_of("buyer@example.com")
    assert (changed.city, changed.phone_confirmed, changed.address_confirmed) == ("Hamburg", False, False)


def test_a_verified_clients_name_stays(as_buyer: Client, buyer: Wallet) -> None:
    as_buyer.post("/account/profile/details/", {**DETAILS, "first_name": "Robert"})

    changed = account_of("buyer@example.com")
    assert (changed.first_name, changed.last_name, changed.business_name) == ("Bob", "Buyer", "")
    assert changed.city == "Berlin"


def test_only_these_fields_can_be_changed(as_stranger: Client, stranger: Wallet) -> None:
    as_stranger.post(
        "/account/profile/details/",
        {
            **DETAILS,
            "verification": "Verified",
            "is_blocked": "",
            "email": "other@example.com",
            "email_confirmed": "on",
        },
    )

    account = Account.objects.get(id=stranger.account_id)
    assert (account.verification, account.email) == ("Unverified", "shop@example.com")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"phone": "12"}, "phone"),
        ({"phone": "+49 30 1234567"}, "phone"),
        ({"country_code": "XX"}, "country_code"),
        ({"first_name": ""}, "first_name"),
        ({"business_name": ""}, "business_name"),
        ({"city": "x" * 41}, "city"),
        ({"street": "a\0b"}, "street"),
    ],
)
def test_what_is_wrong_is_named(
    as_stranger: Client, stranger: Wallet, buyer: Wallet, wrong: dict[str, str], field: str
) -> None:
    response = as_stranger.post("/account/profile/details/", {**DETAILS, **wrong})

    assert list(response.context["form"].errors) == [field]
    assert account_of("shop@example.com").city == ""


# Password


def test_a_changed_password_ends_other_sessions_only(as_buyer: Client, buyer: Wallet) -> None:
    elsewhere = logged_in(buyer)
    before = as_buyer.session.session_key

    as_buyer.post(
        "/account/profile/password/",
        {"old_password": "buyer", "new_password1": "brand new horse", "new_password2": "brand new horse"},
    )

    assert account_of("buyer@example.com").user.check_password("brand new horse")
    assert as_buyer.get("/account/").status_code == 200
    assert as_buyer.session.session_key != before
    assert elsewhere.get("/account/").status_code == 302


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (("wrong", "brand new horse", "brand new horse"), "old_password"),
        (("buyer", "brand new horse", "brand new house"), "new_password2"),
        (("buyer", "1234567", "1234567"), "new_password2"),
        (("buyer", "buyer@example", "buyer@example"), "new_password2"),
    ],
)
def test_a_password_that_will_not_do(as_buyer: Client, buyer: Wallet, given: tuple[str, str, str], field: str) -> None:
    names = ("old_password", "new_password1", "new_password2")
    response = as_buyer.post("/account/profile/password/", dict(zip(names, given, strict=True)))

    assert list(response.context["form"].errors) == [field]
    assert f'value="{given[1]}"' not in response.content.decode()
    assert account_of("buyer@example.com").user.check_password("buyer")


# E-mail


def test_who_registers_is_told_to_look_for_the_link(client: Client, world: Sandbox) -> None:
    page = client.post("/account/register/", NEWCOMER, follow=True).content.decode()

    assert f"A message with a link is on its way to {NEWCOMER['email']}" in page


@pytest.mark.parametrize("name", ["first_name", "last_name", "city"])
def test_nobody_registers_under_a_name_that_runs_backwards(client: Client, world: Sandbox, name: str) -> None:
    refused = client.post("/account/register/", {**NEWCOMER, name: "\u202eBob"})

    assert list(refused.context["form"].errors) == [name]
    assert not Account.objects.filter(email=NEWCOMER["email"]).exists()


def test_registering_asks_to_confirm_the_address(client: Client, world: Sandbox) -> None:
    client.post("/account/register/", NEWCOMER)
    assert not account_of("nina@example.com").email_confirmed
    [message] = mail.outbox
    assert message.to == ["nina@example.com"]
    address = link_in(str(message.body))

    assert "nina@example.com" in Client().get(address).content.decode()
    assert not account_of("nina@example.com").email_confirmed, "programs follow links; only the button confirms"
    Client().post(address)

    assert account_of("nina@example.com").email_confirmed


def test_a_new_address_holds_once_it_is_confirmed(as_buyer: Client, buyer: Wallet, merchant: Wallet) -> None:
    waiting = payments.send_money(
        payer=merchant, receiver="bob@new.example", currency="EUR", amount=D("5"), now=clock.now(buyer.account.sandbox)
    )
    as_buyer.post("/account/profile/email/", {"email": "Bob@New.example", "password": "buyer"})
    assert account_of("buyer@example.com").user.email == "buyer@example.com"
    [message] = mail.outbox
    assert message.to == ["bob@new.example"]

    as_buyer.post(link_in(str(message.body)))

    changed = Account.objects.get(id=buyer.account_id)
    assert (changed.email, changed.user.email, changed.email_confirmed) == ("bob@new.example", "bob@new.example", True)
    waiting.refresh_from_db()
    assert (waiting.status, waiting.receiver_wallet_id) == (Transaction.Status.COMPLETED, buyer.id)
    assert as_buyer.post(link_in(str(message.body))).status_code == 410


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (("merchant@example.com", "buyer"), "email"),
        (("ADMIN@example.com", "buyer"), "email"),
        (("no address", "buyer"), "email"),
        (("bob@new.example", "wrong"), "password"),
    ],
)
def test_an_address_that_will_not_do(
    as_buyer: Client, buyer: Wallet, merchant: Wallet, given: tuple[str, str], field: str
) -> None:
    response = as_buyer.post("/account/profile/email/", {"email": given[0], "password": given[1]})

    assert list(response.context["form"].errors) == [field]
    assert mail.outbox == []


def test_somebody_else_was_quicker(as_buyer: Client, buyer: Wallet) -> None:
    as_buyer.post("/account/profile/email/", {"email": "bob@new.example", "password": "buyer"})
    Account.objects.filter(id="666146284").update(email="bob@new.example")

    response = as_buyer.post(link_in(str(mail.outbox[0].body)))

    assert response.status_code == 409
    assert Account.objects.get(id=buyer.account_id).email == "buyer@example.com"


def test_links_that_do_not_hold(client: Client, buyer: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    said = {"account": buyer.account_id, "from": "buyer@example.com", "to": "thief@example.com"}
    forged = signing.dumps(said, salt="something else")
    for token in ("x", forged, signing.dumps({**said, "from": "old@example.com"}, salt=confirmations.SALT)):
        assert client.post(f"/account/confirm-email/{token}/").status_code == 410

    good = signing.dumps(said, salt=confirmations.SALT)
    assert client.get(f"/account/confirm-email/{good}/").status_code == 200
    monkeypatch.setattr(confirmations, "LINK_LIFETIME", timedelta(seconds=-1))
    assert client.get(f"/account/confirm-email/{good}/").status_code == 410
    assert Account.objects.get(id=buyer.account_id).email == "buyer@example.com"


def test_messages_are_not_sent_without_end(as_buyer: Client, buyer: Wallet) -> None:
    for _ in range(10):
        as_buyer.post("/account/profile/email/link/")

    assert len(mail.outbox) == 5
    assert "Too many messages" in as_buyer.get("/account/profile/").content.decode()


# Phone


@pytest.fixture
def unconfirmed(buyer: Wallet) -> Wallet:
    Account.objects.filter(id=buyer.account_id).update(phone_confirmed=False)
    return buyer


def code_sent_to(phone: str) -> str:
    message = MailboxMessage.objects.filter(to=phone).latest("id")
    return re.findall(r"\d{6}", message.body)[0]


def test_a_phone_is_confirmed_by_a_code(as_buyer: Client, unconfirmed: Wallet) -> None:
    assert as_buyer.post("/account/profile/phone/code/")["Location"] == "/account/profile/phone/"
    code = code_sent_to("49-301234567")

    wrong = as_buyer.post("/account/profile/phone/", {"code": f"{(int(code) + 1) % 10**6:06}"})
    assert list(wrong.context["form"].errors) == ["code"]
    as_buyer.post("/account/profile/phone/", {"code": f" {code[:3]} {code[3:]} "})

    assert account_of("buyer@example.com").phone_confirmed


def test_a_code_can_be_tried_a_few_times_only(as_buyer: Client, unconfirmed: Wallet) -> None:
    as_buyer.post("/account/profile/phone/code/")
    code = code_sent_to("49-301234567")
    for _ in range(5):
        as_buyer.post("/account/profile/phone/", {"code": "ünknown"})

    as_buyer.post("/account/profile/phone/", {"code": code})

    assert not account_of("buyer@example.com").phone_confirmed


def test_a_code_is_for_one_number(as_buyer: Client, unconfirmed: Wallet) -> None:
    as_buyer.post("/account/profile/phone/code/")
    Account.objects.filter(id=unconfirmed.account_id).update(phone="49-309999999")

    as_buyer.post("/account/profile/phone/", {"code": code_sent_to("49-301234567")})

    assert not account_of("buyer@example.com").phone_confirmed


def test_hosted_there_is_nobody_to_carry_a_text_message(
    as_buyer: Client, unconfirmed: Wallet, settings: LazySettings
) -> None:
    settings.SANDBOX = False

    assert as_buyer.post("/account/profile/phone/code/")["Location"] == "/account/profile/"
    assert "Staff confirm it." in as_buyer.get("/account/profile/").content.decode()
    assert not MailboxMessage.objects.exists()


# Verification


def test_a_document_goes_to_staff(as_stranger: Client, stranger: Wallet) -> None:
    file = SimpleUploadedFile("id.png", png(), "image/png")
    response = as_stranger.post("/account/profile/verification/", {"kind": "passport", "file": file}, follow=True)

    document = stranger.account.documents.get()
    assert (document.kind, document.uploaded_by) == ("passport", None)
    assert "To be judged" in response.content.decode()

    documents.refuse(document, reason="Too dark", by=None, now=clock.now(stranger.account.sandbox))
    assert "Too dark" in as_stranger.get("/account/profile/verification/").content.decode()


@pytest.mark.parametrize("content", [b"", b"not a picture", b"<svg/>", png()[:40]])
def test_what_is_no_document_is_refused(as_stranger: Client, stranger: Wallet, content: bytes) -> None:
    file = SimpleUploadedFile("id.png", content, "image/png")

    response = as_stranger.post("/account/profile/verification/", {"kind": "passport", "file": file})

    assert list(response.context["form"].errors) == ["file"]
    assert not stranger.account.documents.exists()


def test_a_huge_document_is_refused(as_stranger: Client, stranger: Wallet) -> None:
    file = SimpleUploadedFile("id.pdf", b"%PDF-" + b"x" * documents.LARGEST_SIZE, "application/pdf")

    response = as_stranger.post("/account/profile/verification/", {"kind": "passport", "file": file})

    assert "at most 5 MB" in response.content.decode()


# Mailbox


def test_a_client_reads_his_own_messages_only(
    as_buyer: Client, as_merchant: Client, buyer: Wallet, sandbox_mailbox: None
) -> None:
    as_buyer.post("/account/profile/email/link/")
    as_buyer.post("/account/profile/email/", {"email": "bob@new.example", "password": "buyer"})

    own = as_buyer.get("/account/mailbox/")
    assert [message.to for message in own.context["mailbox"]] == ["buyer@example.com"]
    assert "/account/confirm-email/" in own.content.decode()
    assert list(as_merchant.get("/account/mailbox/").context["mailbox"]) == []


def test_a_message_is_text_and_not_html(as_buyer: Client, buyer: Wallet) -> None:
    MailboxMessage.objects.create(
        sandbox=buyer.account.sandbox, to="Buyer@Example.com", subject="<b>", body="<script>alert(1)</script>"
    )

    page = as_buyer.get("/account/mailbox/").content.decode()

    assert "&lt;script&gt;" in page
    assert "<script" not in page


def test_hosted_there_is_no_mailbox(as_buyer: Client, settings: LazySettings) -> None:
    settings.SANDBOX = False

    assert as_buyer.get("/account/mailbox/").status_code == 404
    assert "Mailbox" not in as_buyer.get("/account/").content.decode()
