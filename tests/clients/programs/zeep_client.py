"""Python's zeep. Arguments: address of the WSDL, wallet, API password, receiver, comment."""

import sys
from datetime import UTC, datetime
from hashlib import sha256

import zeep

_, wsdl, wallet, password, receiver, comment = sys.argv
client = zeep.Client(wsdl).service
token = sha256(f"{password}:{datetime.now(UTC):%Y%m%d:%H}".encode()).hexdigest()
who = {"WalletID": wallet, "SecurityToken": token}


def line(*values: object) -> None:
    print(*values, sep="\t")


line("date", client.Get_Date_Time())

balance = client.Wallet_Get_Currency_Balance(**who, Currency="USD")
line("balance", balance.Currency, f"{balance.Amount:.2f}")

balances = client.Wallet_Get_Balance(**who)
line("balances", len(balances), balances[0].Currency)

sent = client.Send_Money(
    **who, Receiver=receiver, Currency="USD", Amount="50.00", Comment=comment, IsReceiverPaysFees=False, Invoice=""
)
line(
    *("sent", f"{sent.Amount:.2f}", f"{sent.Fees:.2f}", f"{sent.Net:.2f}", sent.Comment, sent.Status),
    sent.Receiver.WalletID,
)

ids, page, pages, total = [], 0, 1, 0
while page < pages:
    page += 1
    history = client.Transaction_History(**who, From="", Till="", PageSize=3, PageNumber=page)
    pages, total = history.PageCount, history.TotalCount
    ids += [info.ID for info in history.Transactions.TransactionInfo]
line("history", page, total, *ids)

try:
    client.Wallet_Get_Currency_Balance(**who, Currency="XXX")
except zeep.exceptions.Fault as fault:
    line("fault", fault.message)
