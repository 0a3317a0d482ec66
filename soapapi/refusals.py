"""Which errors a function can answer, for its page. Tests of the SOAP API meet no other, and each of these once."""

from django.conf import settings

from sandbox.fault_names import RENAMED_2015
from soapapi import contract, errors, service
from wallets import errors as wallets_errors

Kind = type[errors.CallRefused] | type[wallets_errors.PaymentError]

_CURRENCY: tuple[Kind, ...] = (wallets_errors.CurrencyNotFound, wallets_errors.CurrencyDisabled)
_AMOUNT: tuple[Kind, ...] = (
    wallets_errors.IncorrectAmount,
    wallets_errors.MinimumAmount,
    wallets_errors.MaximumAmount,
)
_MONEY: tuple[Kind, ...] = (
    wallets_errors.InsufficientFunds,
    wallets_errors.LimitsExceeded,
    wallets_errors.SourceAccountBlocked,
    wallets_errors.IncorrectParameters,
)
_METHOD = wallets_errors.PaymentMethodNotSupported
_ACCOUNT = wallets_errors.IncorrectAccount
_EXTENDED = errors.CallNotAllowed

# In the order in which a caller had better look.
_OWN: dict[str, tuple[Kind, ...]] = {
    "Wallet_Get_Currency_Balance": _CURRENCY,
    "Send_Money": (
        *_CURRENCY,
        wallets_errors.IncorrectAmount,
        wallets_errors.TargetAccountDoesntExist,
        wallets_errors.TargetAccountBlocked,
        wallets_errors.CannotPaySelf,
        *_MONEY,
    ),
    "Transaction_Get": (wallets_errors.TransactionNotFound, wallets_errors.AccessDenied),
    "Transaction_History": (wallets_errors.IncorrectParameters,),
    "DebitCard_Prepay": (*_CURRENCY, wallets_errors.IncorrectEmail, *_MONEY),
    "Withdraw_To_Ecurrency_Calculate": (*_CURRENCY, _METHOD, *_AMOUNT),
    "Withdraw_To_Ecurrency": (*_CURRENCY, _METHOD, *_AMOUNT, _ACCOUNT, *_MONEY),
    "Withdraw_To_Card_RU": (wallets_errors.CurrencyDisabled, *_AMOUNT, _ACCOUNT, *_MONEY),
    "Withdraw_To_Card_World": (*_CURRENCY, *_AMOUNT, _ACCOUNT, *_MONEY),
    "Withdraw_To_CryptoCurrency_Calculate": (*_CURRENCY, _METHOD, *_AMOUNT),
    "Withdraw_To_CryptoCurrency": (*_CURRENCY, _METHOD, *_AMOUNT, _ACCOUNT, *_MONEY),
    "EX_Account_Check": (_EXTENDED,),
    "EX_Client_Check_Status": (_EXTENDED,),
    "EX_Client_Register": (_EXTENDED, wallets_errors.IncorrectEmail, wallets_errors.IncorrectParameters),
    "EX_Image_Upload": (
        _EXTENDED,
        wallets_errors.TargetAccountDoesntExist,
        wallets_errors.ClientAccessDenied,
        wallets_errors.IncorrectParameters,
        wallets_errors.ImageNotFound,
    ),
}
# The 2015 dialect's own (once.py).
_OWN_2015: dict[str, tuple[Kind, ...]] = {"Send_Money": (errors.DuplicatePayment,)}

# Before a function is found, and whichever it is.
_OF_EVERY_CALL: tuple[Kind, ...] = (
    errors.ApiDisabled,
    errors.ApiFunctionDisabled,
    errors.CallNotAllowed,
    errors.InternalError,
    errors.Malformed,
    errors.TooLarge,
    errors.OtherSoapVersion,
    errors.HeaderNotUnderstood,
)
_OF_A_WALLET: tuple[Kind, ...] = (
    wallets_errors.SourceAccountDoesntExist,
    errors.AccountApiDisabled,
    errors.InvalidIpAddress,
    errors.AuthenticationFailed,
    errors.UnreadableParameter,
)


def own(function: str) -> list[str]:
    """Official names of what its own parameters and verbs can be refused for."""
    if is_off(function):
        return [errors.ApiFunctionDisabled.name]
    kinds = _OWN.get(function, ())
    if settings.API_DIALECT == "2015":
        kinds += _OWN_2015.get(function, ())
    return [kind.name for kind in kinds]


def common(function: str) -> list[str]:
    """What any call may be answered besides."""
    operation = next(each for each in service.OPERATIONS if each.__name__ == function)
    kinds = (_OF_A_WALLET if contract.needs_caller(operation) else ()) + _OF_EVERY_CALL
    return [kind.name for kind in kinds if kind.name not in own(function)]


def is_off(function: str) -> bool:
    """Whether there is only its contract."""
    return function.startswith(("Subscription", "PreapprovedPayment"))


def official(name: str) -> str:
    """The official name of what came over the wire: not the 2015 one, and N for an amount."""
    for begins in ("Minimum_Amount_Is_", "Maximum_Amount_Is_"):
        if name.startswith(begins):
            return f"{begins}N"
    return next((old for old, new in RENAMED_2015.items() if new == name), name)
