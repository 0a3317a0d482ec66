"""The service, made once: its declarations, its endpoint, its contract."""

import logging

import spyne.const
from spyne import Application

from soapapi import namespaces, wsdl
from soapapi.contract import SERVICE_NAME
from soapapi.endpoint import Endpoint
from soapapi.protocol import OkPaySoap
from soapapi.service import OPERATIONS, OkPayAPI

# spyne collects all garbage once a second, for 40 ms each, in the middle of somebody's call. Python does that itself.
spyne.const.MIN_GC_INTERVAL = float("inf")
# It logs requests whole, security tokens included, and a traceback for every refusal. Our own log is in endpoint.py.
logging.getLogger("spyne").setLevel(logging.CRITICAL)


ENDPOINT = Endpoint(
    Application([OkPayAPI], namespaces.T, SERVICE_NAME, in_protocol=OkPaySoap(), out_protocol=OkPaySoap())
)
WSDL = wsdl.build(ENDPOINT.app)
FUNCTIONS = [operation.__name__ for operation in OPERATIONS]
