"""OKPAY's SOAP 1.1 service at /OkPayAPI: a mouth over the verbs of wallets. Nothing else here imports spyne."""

from soapapi import newer_pythons

newer_pythons.install()
