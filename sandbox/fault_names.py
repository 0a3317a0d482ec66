"""The errors by their names on the wire: OKPAY's own 18, those that came later, and the dialect that renamed four.

Here, at the bottom, because two speak of them that do not know each other: the SOAP API, and the scenarios.
"""

# The page "Error codes".
OFFICIAL = {
    101: "API_Disabled",
    102: "API_Function_Disabled",
    103: "Invalid_IP_Address",
    104: "Authentication_Failed",
    105: "Account_API_Disabled",
    106: "Access_Denied",
    107: "Source_Account_Blocked",
    108: "Target_Account_Blocked",
    109: "Source_Account_Doesnt_Exist",
    110: "Target_Account_Doesnt_Exist",
    111: "Transaction_Not_Found",
    112: "Currency_Disabled",
    113: "Internal_Error",
    200: "Currency_Not_Found",
    201: "Incorrect_Amount",
    300: "Insufficient_Funds",
    301: "Limits_Exceeded",
    302: "Cannot_Pay_Self",
}
# What OKPAY added without a number after that page was written.
LATER = frozenset(
    {
        "Client_Access_Denied",
        "Currency_Not_Supported",
        "Duplicate_Payment",
        "Function_Is_Obsolete",
        "Image_Not_Found",
        "Incompatible_PreapprovedPayment_Status",
        "Incompatible_Subscription_Status",
        "Incorrect_Account",
        "Incorrect_Email",
        "Incorrect_Parameters",
        "Maximum_Amount_Is_N",  # for N stands the amount
        "Minimum_Amount_Is_N",
        "Payment_Method_Not_Supported",
        "PreapprovedPayment_Not_Found",
        "Subscription_Not_Found",
    }
)
# API_DIALECT=2015: the later names of four old errors.
RENAMED_2015 = {
    "Source_Account_Doesnt_Exist": "Account_Not_Found",
    "Target_Account_Doesnt_Exist": "Receiver_Not_Found",
    "Insufficient_Funds": "Not_Enough_Money",
    "Cannot_Pay_Self": "MoneyTransfer_To_Yourself",
}
