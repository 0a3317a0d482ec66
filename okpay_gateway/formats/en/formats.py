"""Dates and times as the journal, the IPN History and ok_txn_datetime have them."""

DATE_FORMAT = "Y-m-d"
DATETIME_FORMAT = "Y-m-d H:i:s"
TIME_FORMAT = "H:i:s"
