"""Every error of the SOAP API in words for the developer who got it: why it comes, and what to do about it.

The wire carries the name alone (errors.py); who guesses passwords must not be helped. The account's page
Refused API calls tells the owner of a wallet more.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _
from django_stubs_ext import StrOrPromise


@dataclass(frozen=True)
class Explanation:
    cause: StrOrPromise
    cure: StrOrPromise


EXPLANATIONS = {
    "API_Disabled": Explanation(
        _("Staff have switched the whole API off."), _("Try again later, or ask staff: they do it in the admin.")
    ),
    "API_Function_Disabled": Explanation(
        _("Staff have switched this function off, or this server has only its contract."),
        _("Try again later, or use another function for the same purpose."),
    ),
    "Invalid_IP_Address": Explanation(
        _("The call came from an address that is not in the wallet’s list."),
        _(
            "Add your server’s address under Integration, API Access."
            " The page Refused API calls shows from where it came."
        ),
    ),
    "Authentication_Failed": Explanation(
        _("SecurityToken is not the one of this wallet, this password and this hour."),
        _(
            "Hash password:YYYYMMDD:HH in UTC with SHA-256, and make a new token when the hour is over."
            " The page Refused API calls says what is wrong with yours."
        ),
    ),
    "Account_API_Disabled": Explanation(
        _("The wallet’s API is switched off."), _("Check Enable API in the wallet’s Integration tab, and save.")
    ),
    "Access_Denied": Explanation(
        _("The transaction is another client’s, the function needs extended access, or the call came without HTTPS."),
        _(
            "Call with the wallet that paid or was paid, by https://."
            " Ask staff to grant extended access for EX_ functions."
        ),
    ),
    "Source_Account_Blocked": Explanation(
        _("The account of the calling wallet is blocked by administration."), _("Ask staff; the admin says why.")
    ),
    "Target_Account_Blocked": Explanation(
        _("The receiver’s account is blocked by administration."), _("Nothing can be sent to it; tell the receiver.")
    ),
    "Source_Account_Doesnt_Exist": Explanation(
        _("There is no wallet with this WalletID."),
        _("Check WalletID: OK and nine digits. After a reset only the demo cast is left."),
    ),
    "Target_Account_Doesnt_Exist": Explanation(
        _("Receiver is no wallet ID, e-mail address or phone number of a client."),
        _("Check the spelling, or ask Account_Check first, which answers 0 for nobody."),
    ),
    "Transaction_Not_Found": Explanation(
        _("No transaction has this TxnID or Invoice, or neither was sent."),
        _("Send the ID that Send_Money or a notification gave you, or your own Invoice with TxnID 0."),
    ),
    "Currency_Disabled": Explanation(
        _("Staff have switched this currency off."), _("Use another currency, or try again later.")
    ),
    "Internal_Error": Explanation(
        _("A mistake of this server. Nothing was booked."),
        _("Look at the server’s log under the time of the call, and report it."),
    ),
    "Currency_Not_Found": Explanation(
        _("Currency is empty or none of the 21 codes."), _("Send a code of the page Codes, such as EUR.")
    ),
    "Incorrect_Amount": Explanation(
        _("Amount is no number, is zero or negative, has more than two decimals, or is too large."),
        _("Send a decimal with a point, at least 0.01. With the fee on the receiver, more than the fee."),
    ),
    "Insufficient_Funds": Explanation(
        _("The wallet does not hold the amount and the fee in this currency."),
        _("Ask Wallet_Get_Balance; deposit, or send less. The sender bears the fee unless IsReceiverPaysFees is true."),
    ),
    "Limits_Exceeded": Explanation(
        _("The payment would exceed what the account may pay out in a month."),
        _("Have the account verified, which raises the limit, or wait for the next month (or advance the clock)."),
    ),
    "Cannot_Pay_Self": Explanation(
        _("Receiver is a wallet of the caller’s own account."), _("Send to another client.")
    ),
    "Client_Access_Denied": Explanation(
        _("The client was not registered by this merchant."), _("Act only for clients that you registered yourself.")
    ),
    "Currency_Not_Supported": Explanation(
        _("The payment method does not take this currency."), _("Choose another currency or payment method.")
    ),
    "Duplicate_Payment": Explanation(
        _("This Invoice was paid to this receiver before."),
        _("Look it up by Transaction_Get instead of paying again; a new payment needs an Invoice of its own."),
    ),
    "Function_Is_Obsolete": Explanation(
        _("The function is no longer in use."), _("Use the function that took its place.")
    ),
    "Image_Not_Found": Explanation(
        _("Image is no whole JPEG, PNG or GIF picture and no PDF document."),
        _("Send the file’s bytes as Base64, all of them."),
    ),
    "Incompatible_PreapprovedPayment_Status": Explanation(
        _("The preapproved payment is canceled, failed or expired."), _("Ask for its status first; act on active ones.")
    ),
    "Incompatible_Subscription_Status": Explanation(
        _("The subscription’s status does not allow this."), _("Ask for its status first; act on active ones.")
    ),
    "Incorrect_Account": Explanation(
        _("The payment system has no account of this form."),
        _("Check the account or card number: its length, its letters, its check digit."),
    ),
    "Incorrect_Email": Explanation(
        _("Email is no e-mail address, or a client has it already."), _("Check the spelling; ask Account_Check.")
    ),
    "Incorrect_Parameters": Explanation(
        _("A parameter is not of its type, too long, or not one of its values."),
        _("Compare with the function’s parameters here. The page Refused API calls names the parameter."),
    ),
    "Maximum_Amount_Is_N": Explanation(
        _("The amount is above the payment system’s largest, N."), _("Send at most N, in several parts if need be.")
    ),
    "Minimum_Amount_Is_N": Explanation(
        _("The amount is below the payment system’s smallest, N."), _("Send at least N.")
    ),
    "Payment_Method_Not_Supported": Explanation(
        _("Money cannot be withdrawn by this PaymentMethod in this function."),
        _("Use a code of the page Codes that the function takes."),
    ),
    "PreapprovedPayment_Not_Found": Explanation(
        _("The wallet has no preapproved payment of this ID."), _("Look it up by PreapprovedPayments_Filter.")
    ),
    "Subscription_Not_Found": Explanation(
        _("The wallet has no subscription of this ID."), _("Look it up by Subscriptions_Filter.")
    ),
    "Malformed_Request": Explanation(
        _("What came is no SOAP 1.1 envelope with one call in its Body."),
        _("Let a SOAP client make it from the WSDL, or compare yours with the example here."),
    ),
    "Request_Too_Large": Explanation(_("The request is longer than any call needs to be."), _("Send smaller files.")),
    "SOAP_Version_Not_Supported": Explanation(
        _("The envelope is of another SOAP version."), _("Use SOAP 1.1: http://schemas.xmlsoap.org/soap/envelope/.")
    ),
    "Header_Not_Understood": Explanation(
        _("A header with mustUnderstand is unknown here."),
        _("Leave it out, or without mustUnderstand: WS-Security and addressing are not used."),
    ),
    "Unknown_Operation": Explanation(
        _("The first element of the Body is none of the functions."),
        _("Check its name and its namespace, https://api.okpay.com without a slash at the end."),
    ),
}
