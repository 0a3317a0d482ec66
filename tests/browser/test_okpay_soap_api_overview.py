"""The official page "OKPAY SOAP API Overview": a wallet is prepared without JavaScript, and a call is answered."""

import pytest
from playwright.sync_api import Page, expect

from sandbox.models import Sandbox
from tests.browser.walking import log_in
from tests.conftest import wallet as found
from tests.soapapi.calls import SoapFault, call, token
from wallets.models import Wallet

FUNCTIONS = (
    *("Get_Date_Time", "Wallet_Get_Balance", "Wallet_Get_Currency_Balance", "Send_Money", "Transaction_Get"),
    *("Transaction_History", "DebitCard_Prepay", "EX_Account_Check", "EX_Client_Register", "EX_Image_Upload"),
)


def test_api_functions_and_data_structures(unscripted: Page, world: Sandbox) -> None:
    page = unscripted
    page.goto("/")
    page.get_by_role("contentinfo").get_by_role("link", name="Developers").click()
    page.get_by_role("main").get_by_role("link", name="SOAP API").click()
    functions = page.get_by_role("navigation", name="Functions")
    for name in FUNCTIONS:
        expect(functions.get_by_role("link", name=name, exact=True)).to_be_visible()
    # "Click on the function to get detailed description and an example."
    functions.get_by_role("link", name="Transaction_Get", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Transaction_Get")
    expect(page.get_by_role("region", name="Parameters").get_by_role("row", name="TxnID")).to_be_visible()
    expect(page.get_by_role("region", name="Errors").get_by_role("row", name="Transaction_Not_Found")).to_be_visible()
    example = page.get_by_role("region", name="Example")
    expect(example).to_contain_text("<SecurityToken>[SHA-256 of MyApiPass:YYYYMMDD:HH]</SecurityToken>")
    expect(example).to_contain_text("<Transaction_GetResponse")
    # "See data structures"
    page.get_by_role("region", name="Answer").get_by_role("link", name="TransactionInfo").click()
    expect(page.get_by_role("region", name="TransactionInfo", exact=True)).to_be_in_viewport()
    # "Here you can find a few examples of OKPAY API usage written in different popular programming languages."
    page.get_by_role("main").get_by_role("link", name="SOAP samples").click()
    for language in ("PHP", "C#", "Perl", "Java", "Python"):
        page.get_by_role("main").get_by_role("link", name=language, exact=True).click()
        expect(page.get_by_role("region", name=language, exact=True)).to_be_in_viewport()
        expect(page.get_by_role("region", name=language, exact=True)).to_contain_text("Get_Date_Time")
    page.get_by_role("main").get_by_role("link", name="SOAP API").click()
    # "Error Code Name Error Text Description"
    page.get_by_role("link", name="All errors").click()
    expect(page.get_by_role("row", name="Authentication_Failed")).to_contain_text("104")


def test_okpay_account_wallet_preparation(unscripted: Page, stranger: Wallet) -> None:
    page = unscripted
    # "1. Login to your OKPAY account, click on needed wallet title under "Wallets and Currencies" section. Then, in
    # wallet properties page click on "Integration" tab. Scroll down to "API Access" and provide required information:"
    log_in(page, "shop")
    page.get_by_role("region", name="Wallets and Currencies").get_by_role("link", name=stranger.title).click()
    page.get_by_role("navigation", name="Wallet properties").get_by_role("link", name="Integration").click()
    expect(page.get_by_role("heading", name="API Access")).to_be_visible()
    # "2. Check "Enable API";"
    page.get_by_label("Enable API", exact=True).check()
    # "3. Provide strong enough "Access Password"."
    page.get_by_label("Access Password").fill("secret")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("alert")).to_contain_text("Access Password")
    page.get_by_label("Enable API", exact=True).check()
    page.get_by_label("Access Password").fill("MyApiPass")
    # "4. Click Save;"
    page.get_by_role("button", name="Save").click()
    assert (found(stranger.id).api_enabled, found(stranger.id).api_password) == (True, "MyApiPass")
    who = {"WalletID": stranger.id, "SecurityToken": token("MyApiPass")}
    assert {"Currency": "EUR", "Amount": "0.0000"} in call("Wallet_Get_Balance", **who)

    # "5. Check "Enable API Security" and provide IP address of your server that you authorize"
    page.get_by_label("Enable API Security").check()
    page.get_by_label("IP addresses").fill("203.0.113.7\n2001:db8::/32")
    page.get_by_role("button", name="Save").click()
    assert found(stranger.id).api_allowed_ips == ["203.0.113.7", "2001:db8::/32"]
    assert found(stranger.id).api_password == "MyApiPass"
    with pytest.raises(SoapFault, match="Invalid_IP_Address"):
        call("Wallet_Get_Balance", **who)
    assert call("Wallet_Get_Balance", via={"REMOTE_ADDR": "203.0.113.7"}, **who)
