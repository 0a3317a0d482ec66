"""Whatever comes in, an envelope goes out: by name in a table, and ten thousand times by chance."""

import gc
import random
import resource
import time
from collections.abc import Iterator

import pytest
from django.test import Client
from lxml import etree

from soapapi import application, throttle  # noqa: F401 (loaded before the clock runs)
from soapapi.envelope import MOST_ATTRIBUTES, MOST_BYTES, MOST_MARKUP
from tests.soapapi.calls import SOAP, T, credentials, envelope, post, request, token

ENVELOPE = SOAP[1:-1]
XSI = "http://www.w3.org/2001/XMLSchema-instance"
MALFORMED, TOO_LARGE = "Malformed_Request", "Request_Too_Large"
UNKNOWN, DATE = "Unknown_Operation", "a date"
TOKEN = "TOKEN"

DATE_CALL = f'<Get_Date_Time xmlns="{T}"/>'
GOOD = envelope(DATE_CALL)
BOMB = "".join(f'<!ENTITY a{n + 1} "{f"&a{n};" * 10}">' for n in range(9))


def transaction_get(fields: str) -> str:
    """A call with these further elements; its token is put in when it is sent."""
    who = f"<WalletID>OK702746927</WalletID><SecurityToken>{TOKEN}</SecurityToken>"
    return envelope(f'<Transaction_Get xmlns="{T}" xmlns:i="{XSI}">{who}{fields}</Transaction_Get>')


# name, body, what comes back: the name of a fault, or a date for what is odd but right.
TABLE: list[tuple[str, str | bytes, str]] = [
    ("nothing", "", MALFORMED),
    ("white space", " \r\n\t", MALFORMED),
    ("text", "Get_Date_Time", MALFORMED),
    ("a form", "WalletID=OK702746927&Amount=1", MALFORMED),
    ("json", '{"Get_Date_Time": {}}', MALFORMED),
    ("html", "<!DOCTYPE html><html><body>hi</body></html>", MALFORMED),
    ("null bytes", b"\0" * 100, MALFORMED),
    ("random bytes", random.Random(1).randbytes(1000), MALFORMED),
    ("a picture", b"\x89PNG\r\n\x1a\n" + bytes(100), MALFORMED),
    ("gzip", b"\x1f\x8b\x08\x00" + bytes(50), MALFORMED),
    ("cut in the middle", GOOD[: len(GOOD) // 2], MALFORMED),
    ("cut at the end", GOOD[:-1], MALFORMED),
    ("something after the end", GOOD + "<more/>", MALFORMED),
    ("two envelopes", GOOD + GOOD, MALFORMED),
    ("tags that cross", envelope("<a><b></a></b>"), MALFORMED),
    ("an undeclared prefix", envelope("<x:Get_Date_Time/>"), MALFORMED),
    ("the same attribute twice", envelope(f'<Get_Date_Time xmlns="{T}" a="1" a="2"/>'), MALFORMED),
    ("an attribute without quotes", envelope(f'<Get_Date_Time xmlns="{T}" a=1/>'), MALFORMED),
    ("a bare ampersand", request("Account_Check").replace("</Acc", "a & b</Acc"), MALFORMED),
    ("a control character", envelope(f'<Get_Date_Time xmlns="{T}">\x01</Get_Date_Time>'), MALFORMED),
    ("an escaped control character", envelope(f'<Get_Date_Time xmlns="{T}">&#1;</Get_Date_Time>'), MALFORMED),
    ("a lone surrogate", envelope(f'<Get_Date_Time xmlns="{T}">&#xD800;</Get_Date_Time>'), MALFORMED),
    ("an unknown entity", envelope(f'<Get_Date_Time xmlns="{T}">&nbsp;</Get_Date_Time>'), MALFORMED),
    # Document types and entities
    ("a document type", "<!DOCTYPE x>" + GOOD, MALFORMED),
    ("a document type after a comment", "<!-- hello --><!DOCTYPE x>" + GOOD, MALFORMED),
    (
        "a document type after an instruction",
        '<?a b?> <!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">' + GOOD,
        MALFORMED,
    ),
    ("a document type in small letters", "<!doctype x>" + GOOD, MALFORMED),
    ("a document type in UTF-16", ("\ufeff<!DOCTYPE x>" + GOOD).encode("utf-16-le"), MALFORMED),
    ("a billion laughs", f'<!DOCTYPE x [<!ENTITY a0 "ha">{BOMB}]>' + envelope("<x>&a9;</x>"), MALFORMED),
    ("quadratic blow-up", f'<!DOCTYPE x [<!ENTITY a "{"a" * 9999}">]>' + envelope(f"<x>{'&a;' * 400}</x>"), MALFORMED),
    ("a file", '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>' + envelope("<x>&f;</x>"), MALFORMED),
    ("a parameter entity", '<!DOCTYPE x [<!ENTITY % p SYSTEM "http://127.0.0.1:1/">%p;]>' + GOOD, MALFORMED),
    ("an attribute with a file", '<!DOCTYPE x [<!ENTITY f "y">]>' + envelope('<x a="&f;"/>'), MALFORMED),
    ("a document type within", envelope("<!DOCTYPE x>" + DATE_CALL), MALFORMED),
    # Size
    ("more bytes than allowed", GOOD + " " * MOST_BYTES, TOO_LARGE),
    ("50,000 attributes", envelope("<x " + " ".join(f'a{n}="1"' for n in range(50_000)) + "/>"), TOO_LARGE),
    ("50,000 namespaces", envelope("<x " + " ".join(f'xmlns:a{n}="u:{n}"' for n in range(50_000)) + "/>"), TOO_LARGE),
    ("100,000 elements", envelope("<x/>" * 100_000), TOO_LARGE),
    ("100,000 levels", "<x>" * 100_000 + "</x>" * 100_000, TOO_LARGE),
    ("as many levels as there may be", "<x>" * 990 + "</x>" * 990, MALFORMED),
    ("as many elements as there may be", envelope("<x/>" * (MOST_MARKUP - 10)), MALFORMED),
    ("as many attributes", envelope("<x " + " ".join(f'a{n}="1"' for n in range(MOST_ATTRIBUTES - 9)) + "/>"), UNKNOWN),
    ("100,000 comments", envelope("<!---->" * 100_000), TOO_LARGE),
    ("100,000 instructions", envelope("<?a?>" * 100_000), TOO_LARGE),
    ("a name of a million characters", envelope(f"<{'x' * 1_000_000}/>"), MALFORMED),
    ("a value of a million characters", envelope(f'<x a="{"y" * 1_000_000}"/>'), UNKNOWN),
    ("a text of a million characters", envelope(f'<Get_Date_Time xmlns="{T}">{"y" * 1_000_000}</Get_Date_Time>'), DATE),
    ("an endless comment", "<!--" + "-" * 1_000_000, MALFORMED),
    ("an endless instruction", "<?" + "?" * 1_000_000, MALFORMED),
    ("an endless declaration", "<" + "!" * 1_000_000, MALFORMED),
    ("white space without end", " " * 1_000_000 + "<", MALFORMED),
    # Envelopes
    ("no envelope", DATE_CALL, MALFORMED),
    ("an envelope of no namespace", f"<Envelope><Body>{DATE_CALL}</Body></Envelope>", MALFORMED),
    ("another root in the namespace", f'<Fault xmlns="{ENVELOPE}"/>', MALFORMED),
    ("SOAP 1.2", GOOD.replace(ENVELOPE, "http://www.w3.org/2003/05/soap-envelope"), "SOAP_Version_Not_Supported"),
    ("an empty envelope", f'<s:Envelope xmlns:s="{ENVELOPE}"/>', MALFORMED),
    ("a header only", f'<s:Envelope xmlns:s="{ENVELOPE}"><s:Header/></s:Envelope>', MALFORMED),
    ("an empty body", envelope(""), MALFORMED),
    ("text for a body", envelope("Get_Date_Time"), MALFORMED),
    ("two bodies", GOOD.replace("</s:Body>", f"</s:Body><s:Body>{DATE_CALL}</s:Body>"), MALFORMED),
    ("two calls", envelope(DATE_CALL * 2), MALFORMED),
    ("a body of no namespace", GOOD.replace("s:Body", "Body"), MALFORMED),
    ("a fault", envelope("<s:Fault><faultcode>x</faultcode></s:Fault>"), UNKNOWN),
    ("an envelope in an envelope", envelope(GOOD), UNKNOWN),
    ("a body in a body", envelope(f"<s:Body>{DATE_CALL}</s:Body>"), UNKNOWN),
    (
        "a header that must be understood",
        GOOD.replace("<s:Body>", '<s:Header><a s:mustUnderstand="1"/></s:Header><s:Body>'),
        "Header_Not_Understood",
    ),
    ("a header", GOOD.replace("<s:Body>", '<s:Header><a s:mustUnderstand="0">x</a></s:Header><s:Body>'), DATE),
    # Calls
    ("an unknown operation", envelope(f'<Drop_Table xmlns="{T}"/>'), UNKNOWN),
    ("an operation in small letters", envelope(f'<get_date_time xmlns="{T}"/>'), UNKNOWN),
    ("a response for a call", envelope(f'<Get_Date_TimeResponse xmlns="{T}"/>'), UNKNOWN),
    ("a method of Python's", envelope(f'<__class__ xmlns="{T}"/>'), UNKNOWN),
    ("a method of the service class", envelope(f'<call_wrapper xmlns="{T}"/>'), UNKNOWN),
    ("another namespace", envelope('<Get_Date_Time xmlns="http://tempuri.org/"/>'), UNKNOWN),
    ("nil for a call", envelope(f'<Get_Date_Time xmlns="{T}" xmlns:i="{XSI}" i:nil="true"/>'), DATE),
    ("a type for a call", envelope(f'<Get_Date_Time xmlns="{T}" xmlns:i="{XSI}" i:type="x:Y" xmlns:x="u"/>'), DATE),
    ("an href for a call", envelope(f'<Get_Date_Time xmlns="{T}" href="#1" id="1"/>'), DATE),
    ("unknown parameters", envelope(f'<Get_Date_Time xmlns="{T}"><x/><y>1</y></Get_Date_Time>'), DATE),
    # Values
    ("text for a number", transaction_get("<TxnID>twelve</TxnID>"), "Incorrect_Parameters"),
    ("a decimal for a number", transaction_get("<TxnID>1.0</TxnID>"), "Incorrect_Parameters"),
    ("nothing for a number", transaction_get("<TxnID/>"), "Incorrect_Parameters"),
    ("too large a number", transaction_get(f"<TxnID>{2**63}</TxnID>"), "Incorrect_Parameters"),
    ("the largest number", transaction_get(f"<TxnID>{2**63 - 1}</TxnID>"), "Transaction_Not_Found"),
    ("the smallest number", transaction_get(f"<TxnID>-{2**63}</TxnID>"), "Transaction_Not_Found"),
    ("a number of a million digits", transaction_get(f"<TxnID>{'9' * 1_000_000}</TxnID>"), "Incorrect_Parameters"),
    ("Arabic digits", transaction_get("<TxnID>١٢٣</TxnID>"), "Incorrect_Parameters"),
    ("Python's digits", transaction_get("<TxnID>1_000</TxnID>"), "Incorrect_Parameters"),
    ("white space around", transaction_get("<TxnID>\n 12\t</TxnID>"), "Transaction_Not_Found"),
    ("a no-break space around", transaction_get("<TxnID>\xa012</TxnID>"), "Incorrect_Parameters"),
    ("an element in a number", transaction_get("<TxnID><x>1</x></TxnID>"), "Incorrect_Parameters"),
    ("an element in a text", transaction_get("<Invoice>a<b/></Invoice>"), "Incorrect_Parameters"),
    ("the same parameter twice", transaction_get("<TxnID>1</TxnID><TxnID>2</TxnID>"), "Incorrect_Parameters"),
    ("nil", transaction_get('<TxnID i:nil="true"/><Invoice i:nil="1"/>'), "Transaction_Not_Found"),
    ("not nil", transaction_get('<TxnID i:nil="false">x</TxnID>'), "Incorrect_Parameters"),
    ("neither nil nor not", transaction_get('<TxnID i:nil="maybe">1</TxnID>'), "Incorrect_Parameters"),
    ("an href", transaction_get('<Invoice href="#a"/>'), "Incorrect_Parameters"),
    ("a circle of hrefs", transaction_get('<Invoice id="a" href="#a"/>'), "Incorrect_Parameters"),
    ("an unknown type", transaction_get('<TxnID i:type="no:such">1</TxnID>'), "Transaction_Not_Found"),
    ("a comment in a number", transaction_get("<TxnID>1<!-- 2 -->3</TxnID>"), "Transaction_Not_Found"),
    ("a CDATA section", transaction_get("<TxnID><![CDATA[12]]></TxnID>"), "Transaction_Not_Found"),
    ("SQL", transaction_get("<Invoice>' OR '1'='1</Invoice>"), "Transaction_Not_Found"),
    ("a path", transaction_get("<Invoice>../../etc/passwd</Invoice>"), "Transaction_Not_Found"),
    ("another character set", b'<?xml version="1.0" encoding="utf-7"?>' + GOOD.encode(), DATE),
    ("bytes that are no UTF-8", GOOD.encode().replace(b"<s:Body>", b"<s:Body>\xff\xfe"), MALFORMED),
    ("overlong UTF-8", GOOD.encode().replace(b"<s:Body>", b"<s:Body>\xc0\xbc"), MALFORMED),
]


@pytest.mark.parametrize(("body", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_attacks(world: object, body: str | bytes, expected: str) -> None:
    if isinstance(body, str):
        body = body.replace(f">{TOKEN}<", f">{token('MyApiPass')}<")
    start = time.process_time()  # the machine may be busy with other tests
    response = post(body)

    assert time.process_time() - start < 1
    assert outcome(response.content) == expected
    assert response.status_code == (200 if expected == DATE else 500)


def test_the_table_is_long_enough() -> None:
    assert len(TABLE) >= 90


def outcome(content: bytes) -> str:
    """The faultstring, or DATE; anything that is not one of our envelopes fails."""
    root = etree.fromstring(content)
    assert root.tag == f"{SOAP}Envelope"
    ((answer,),) = root
    if answer.tag != f"{SOAP}Fault":
        return DATE
    assert [child.tag for child in answer] == ["faultcode", "faultstring"]
    return str(answer[1].text)


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        ("text/xml", DATE),
        ("", DATE),
        ("text/xml; charset=", DATE),
        ('text/xml; charset="UTF-8"', DATE),
        ("text/xml;charset=utf8", DATE),
        ("text/xml; charset=us-ascii", DATE),
        ("application/x-www-form-urlencoded", DATE),
        ("application/octet-stream", DATE),
        ("multipart/form-data", DATE),
        ("text/xml; charset=klingon", MALFORMED),
        ("text/xml; charset=utf-7", MALFORMED),
        ("text/xml; charset=utf-16", MALFORMED),
        ("text/xml; charset=iso-8859-1", MALFORMED),
        ("ü" * 1000, DATE),
    ],
)
def test_content_types(world: object, content_type: str, expected: str) -> None:
    response = Client().generic("POST", "/OkPayAPI", GOOD, content_type, CONTENT_TYPE=content_type)

    assert outcome(response.content) == expected


def test_utf_16_is_unicode_too(world: object) -> None:
    assert outcome(post(GOOD.encode("utf-16")).content) == DATE
    assert outcome(post(GOOD.encode("utf-16-be"), content_type="text/xml; charset=utf-16be").content) == DATE
    declared = '<?xml version="1.0" encoding="utf-16"?>' + GOOD
    assert outcome(post(declared.encode("utf-16")).content) == DATE
    assert outcome(post("\ufeff".encode() + GOOD.encode()).content) == DATE


SCRAPS = [
    *(b"<", b">", b"/", b'"', b"&", b"=", b"\0", b"\xff", b"]]>", b"<!--", b"-->", b"<![CDATA[", b"<?x?>", b"&lt;"),
    *(b"<!DOCTYPE x>", b"&#0;", b"&#x10FFFF;", b"<s:Body>", b"</s:Body>", b"<s:Header/>", b"xmlns:s", b"xsi:nil"),
    *(b' href="#1"', b' id="1"', b"1e9", b"-1", b"NaN", "☃".encode(), b"A" * 500, b"<a>" * 50, b"\xed\xa0\x80"),
]


def mutated(chance: random.Random, corpus: list[bytes]) -> Iterator[bytes]:
    """Requests that were right, cut, doubled, shuffled, and sprinkled with scraps."""
    while True:
        body = bytearray(chance.choice(corpus))
        for _ in range(chance.randint(1, 6)):
            place, length = chance.randrange(len(body) + 1), chance.randint(1, 40)
            match chance.randrange(7):
                case 0:
                    body[place:place] = chance.choice(SCRAPS)
                case 1:
                    del body[place : place + length]
                case 2:
                    body[place:place] = body[place : place + length]
                case 3:
                    body[place : place + 1] = bytes([chance.randrange(256)])
                case 4:
                    other = chance.choice(corpus)
                    start = chance.randrange(len(other))
                    body[place : place + length] = other[start : start + length]
                case 5:
                    del body[place:]
                case 6:
                    parts = bytes(body).split(b"<")
                    chance.shuffle(parts)
                    body[:] = b"<".join(parts)
        yield bytes(body)


@pytest.mark.slow
def test_ten_thousand_malformed_requests(
    world: object, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level("ERROR")
    monkeypatch.setattr(throttle, "FREE_GUESSES", 10_000)  # a token with a wrong letter is a guess
    sent = credentials("OK100000001")
    corpus = [
        GOOD.encode(),
        transaction_get("<TxnID>1000001</TxnID><Invoice>A</Invoice>").encode(),
        request("Send_Money", **sent, Receiver="OK702746927", Currency="USD", Amount="0.01", Comment="ü").encode(),
        request("Transaction_History", **sent, From="2020-01-01", Till="", PageSize=5, PageNumber=1).encode(),
        request("Withdraw_To_Card_RU", **sent, CardNumber="4111111111111111", Amount="1000", Invoice="").encode(),
        request("EX_Image_Upload", **sent, Email="a@example.com", ImageType="photo", Image="aGVsbG8=").encode(),
        request("Subscription_Update", **sent, Sub="", Comment="").replace("Sub/", "Sub><ID>1</ID></Sub").encode(),
    ]
    requests = mutated(random.Random(2015), corpus)
    client = Client(raise_request_exception=False)
    slowest, outcomes, memory = 0.0, set(), 0
    for number in range(10_000):
        body = next(requests)
        start = time.process_time()
        response = client.generic("POST", "/OkPayAPI", body, "text/xml; charset=utf-8")
        slowest = max(slowest, time.process_time() - start)
        outcomes.add(outcome(response.content))
        if number == 3_000:
            gc.collect()
            memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    assert slowest < 1
    assert grown < 20 * 1024  # KiB
    assert "Internal_Error" not in outcomes
    assert {MALFORMED, UNKNOWN, DATE, "Incorrect_Parameters", "Authentication_Failed"} <= outcomes
    assert not caplog.records
