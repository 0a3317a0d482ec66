"""One of everything that a merchant and his buyer can have, by the names that addresses have for it."""

from dataclasses import replace
from datetime import datetime

from checkout import links, payment_form, seals, sessions
from checkout.links import Looks
from checkout.orders import Choices
from ipn import verification
from ipn.listener_check import checks
from ipn.models import AutoReturn, DeliveryAttempt, IpnMessage, Verification
from marketplace import catalogue, purchases, seed, stores
from marketplace.models import Order, Product
from marketplace.purchases import Line
from sandbox import access
from sandbox.models import JournalEntry, RememberedAnswer, Scenario, ScenarioUse
from wallets import cards, mass_payments, payments
from wallets.models import (
    ApiCall,
    ClientDocument,
    Confirmation,
    Currency,
    MailboxMessage,
    Transaction,
    Wallet,
)
from wallets.money import D

FORM = {"ok_receiver": "", "ok_item_1_name": "Robot", "ok_item_1_price": "0.01", "ok_currency": "EUR"}
ADDRESS = payments.Address(name="Bob Buyer", country_code="DE", city="Berlin", street="Lindenstraße 5", zip="10969")
# Nobody listens there.
SHOP = "http://127.0.0.1:9/"


def of(merchant: Wallet, buyer: Wallet, *, now: datetime) -> dict[str, object]:
    """The merchant's, but for what he bought of the buyer."""
    sandbox = merchant.account.sandbox
    Wallet.objects.filter(id=merchant.id).update(ipn_enabled=True, ipn_url=SHOP)
    merchant.refresh_from_db(fields=["ipn_enabled", "ipn_url"])
    payment = payments.send_money(payer=buyer, receiver=merchant.id, currency="EUR", amount=D("0.01"), now=now)
    return {
        "wallet_id": merchant.id,
        "transaction_id": payment.id,
        "correlation": payment.correlation,
        "entry_id": f"payment-{payment.id}",
        "check_id": checks.prepare(sandbox=sandbox, wallet_id=merchant.id, url=SHOP, now=now).id,
        **_listed(merchant, buyer, now),
        **_sold_by_link(merchant, buyer, now),
        "key_id": seals.new_key(merchant, title="Shop", now=now).id,
        **_scripted(merchant, payment, now),
        **_sold_in_the_marketplace(merchant, buyer, now),
        **_bought(merchant, buyer, now),
        "method": "btc",
        "function": "Send_Money",
        **_kept(merchant, payment, now),
        **_told_of(payment, now),
    }


def _told_of(payment: Transaction, now: datetime) -> dict[str, object]:
    """Every notification was sent and verified."""
    for message in IpnMessage.objects.all():
        DeliveryAttempt.objects.create(
            message=message, number=1, sent_at=now, duration=now - now, request_body="ok_a=b", response_code=200
        )
        question = f"ok_verify=true&{message.body(resend=False)}".encode()
        verification.verify(question, method="POST", content_type="", remote_address="127.0.0.1", now=now)
    IpnMessage.objects.update(
        status=IpnMessage.Status.SENT, attempts_made=1, last_attempt_at=now, next_attempt_at=None, response_code=200
    )
    told = IpnMessage.objects.get(transaction_id=payment.id)
    return {"message_id": told.id, "verification_id": Verification.objects.get(message=told).id}


def _listed(merchant: Wallet, buyer: Wallet, now: datetime) -> dict[str, object]:
    rows = mass_payments.read(f"{buyer.id},1.00")
    listed = mass_payments.create(merchant, rows=rows, currency="EUR", receiver_pays_fee=False, now=now)
    return {"mass_payment_id": listed.id}


def _sold_by_link(merchant: Wallet, buyer: Wallet, now: datetime) -> dict[str, object]:
    """A checkout that was paid, and one that is open."""
    form = FORM | {"ok_receiver": merchant.id}
    link, _hints = links.create(merchant.account, form.items(), Looks(), now=now)
    request = payment_form.parse(form.items())
    paid = sessions.open_session(request, link=link, now=now)
    sale = sessions.pay(paid, payer=buyer.account, choices=Choices(wallet=buyer.id), now=now)
    AutoReturn.objects.create(
        sandbox=merchant.account.sandbox, wallet_id=merchant.id, transaction_id=sale.id, variables="a=b", created_at=now
    )
    open_still = sessions.open_session(request, link=link, now=now)
    return {"link_id": link.id, "/checkout/ token": open_still.token, "paid checkout": paid.token, "sale": sale.id}


def _scripted(merchant: Wallet, payment: Transaction, now: datetime) -> dict[str, object]:
    scenario = Scenario.objects.create(
        sandbox=merchant.account.sandbox,
        wallet=merchant.id,
        operation="checkout",
        steps=[{"effect": "pass", "times": 1}],
        most=1,
        created_at=now,
    )
    ScenarioUse.objects.create(
        sandbox=merchant.account.sandbox,
        scenario=scenario,
        number=1,
        at=now,
        operation="checkout",
        effect="pass",
        wallet=merchant.id,
        transaction_id=payment.id,
    )
    return {"scenario_id": scenario.id, "act": "pause"}


def _sold_in_the_marketplace(merchant: Wallet, buyer: Wallet, now: datetime) -> dict[str, object]:
    """To the buyer from his balance, and to somebody without an account by the checkout."""
    seed.categories()
    seed.demo_store(merchant.account.sandbox, now=now)
    product = Product.objects.get(store__account=merchant.account, title="An hour of integration help")
    picture = product.images.get()
    sold = purchases.buy([Line(product)], payer=buyer, now=now)
    order = purchases.order_for([Line(product)], asks_later=True)
    form = payment_form.parse((FORM | {"ok_receiver": merchant.id}).items())
    item = replace(form.items[0], name=product.title, price=product.price, type=product.type, product_id=product.id)
    checkout = sessions.open_session(replace(form, kind=order.kind, currency=order.currency, items=(item,)), now=now)
    guests = sessions.pay(checkout, payer=None, choices=Choices(method="VMF"), now=now)
    return {
        "store_id": product.store_id,
        "product_id": product.id,
        "picture_id": picture.id,
        "/marketplace/pictures/ name": picture.name,
        "/marketplace/pictures/ size": "small",
        "order_number": sold.number,
        "/marketplace/orders/ token": Order.objects.get(transaction=guests).token,
        "/marketplace/bought/ token": checkout.token,
    }


def _bought(merchant: Wallet, buyer: Wallet, now: datetime) -> dict[str, object]:
    """The merchant buys from a store of the buyer, and has what he bought."""
    store = stores.register(buyer.account, wallet=buyer, name="Bob's", now=now)
    stores.approve(store, now=now)
    euro = Currency.objects.get(code="EUR")
    book = catalogue.create(
        store, title="Book", description="By Bob", price=D("1.00"), currency=euro, is_published=True, now=now
    )
    catalogue.set_digital_file(book, "book.txt", b"Once upon a time", now=now)
    bought = purchases.buy([Line(book)], payer=merchant, now=now)
    return {"purchase_number": bought.number, "bought_id": book.id}


def _kept(merchant: Wallet, payment: Transaction, now: datetime) -> dict[str, object]:
    """What is written down about him."""
    sandbox, account = merchant.account.sandbox, merchant.account
    request = JournalEntry.objects.create(
        sandbox=sandbox,
        is_stray=False,
        at=now,
        real_at=now,
        kind=JournalEntry.Kind.FORM,
        correlation=payment.story,
        wallet_id=merchant.id,
        outcome="opened",
        failed=False,
        method="POST",
        url="/process.html",
        request_head="Host: shop.example",
        request_body="ok_receiver=...",
        request_size=15,
        status=302,
        response_head="Location: /checkout/",
        response_size=0,
        duration=now - now,
    )
    ApiCall.objects.create(wallet=merchant, at=now, operation="Send_Money", outcome="Authentication_Failed")
    MailboxMessage.objects.create(sandbox=sandbox, to=account.email, subject="Hello", body="Dear Mary.")
    Confirmation.objects.create(key="0f7e2c4e-52c8-4d5b-8d53-2f2f4c2b7a11", account=account, transaction=payment)
    document = ClientDocument.objects.create(
        account=account,
        kind="photo",
        content_type="image/png",
        content=bytes(range(256)),
        size=256,
        sha256="0" * 64,
        uploaded_at=now,
    )
    RememberedAnswer.objects.create(
        sandbox=sandbox, scope="s", fingerprint="f", status=201, content_type="application/json", body="{}"
    )
    token, _text = access.issue(name="CI", scopes=["payments:read"], sandbox=sandbox)
    card = cards.prepay(merchant, email="anna@example.com", currency="EUR", courier=False, now=now)
    return {"request": request.id, "document_id": document.id, "token": token.id, "card": card.pk}
