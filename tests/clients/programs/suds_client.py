"""Python's suds. Arguments: address of the WSDL, wallet, API password, receiver, comment."""

import logging
import sys
from datetime import UTC, datetime
from decimal import Decimal
from hashlib import sha256

import suds
from suds.client import Client

logging.getLogger("suds").setLevel(logging.CRITICAL)
_, wsdl, wallet, password, receiver, comment = sys.argv
client = Client(wsdl, cache=None).service
who = (wallet, sha256(f"{password}:{datetime.now(UTC):%Y%m%d:%H}".encode()).hexdigest())


def line(*values: object) -> None:
    print(*values, sep="\t")


def two_places(amount: object) -> str:
    return f"{Decimal(str(amount)):.2f}"


line("date", client.Get_Date_Time())

balance = client.Wallet_Get_Currency_Balance(*who, "USD")
line("balance", balance.Currency, two_places(balance.Amount))

balances = client.Wallet_Get_Balance(*who).Balance
line("balances", len(balances), balances[0].Currency)

sent = client.Send_Money(*who, receiver, "USD", Decimal("50.00"), comment, False, "")
line(
    *("sent", two_places(sent.Amount), two_places(sent.Fees), two_places(sent.Net), sent.Comment, sent.Status),
    sent.Receiver.WalletID,
)

ids, page, pages, total = [], 0, 1, 0
while page < pages:
    page += 1
    history = client.Transaction_History(*who, "", "", 3, page)
    pages, total = history.PageCount, history.TotalCount
    ids += [info.ID for info in history.Transactions.TransactionInfo]
line("history", page, total, *ids)

try:
    client.Wallet_Get_Currency_Balance(*who, "XXX")
except suds.WebFault as fault:
    line("fault", fault.fault.faultstring)
