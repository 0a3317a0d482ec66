"""Documents of a client: what is taken in, what accepting them is worth, and that they are judged once."""

import hashlib
import io
import struct
import threading
import zlib
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from PIL import Image

from sandbox import clock
from wallets import documents, registration, seed
from wallets.errors import AlreadyJudged, ClientAccessDenied, ImageNotFound, IncorrectParameters, WrongState
from wallets.models import Account, ClientDocument, User, Wallet

PDF = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer\n<< /Root 1 0 R >>\n%%EOF\n"


def picture(format: str = "PNG", color: str = "green", **options: object) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 30), color).save(file, format, **options)
    return file.getvalue()


def upload(account: Account, kind: str = "passport", content: bytes | None = None, **more: object) -> ClientDocument:
    now = clock.now(account.sandbox)
    return documents.upload(account, kind=kind, content=content or picture(), now=now, **more)


@pytest.fixture
def staff(world: object) -> User:
    return User.objects.get(email="admin@example.com")


@pytest.fixture
def client_account(merchant: Wallet) -> Account:
    """A client whom the merchant registered."""
    return registration.register_client(
        merchant=merchant.account,
        email="client@example.com",
        first_name="Clara",
        last_name="Client",
        now=clock.now(merchant.account.sandbox),
    )


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (picture("PNG"), "image/png"),
        (picture("GIF"), "image/gif"),
        (picture("JPEG"), "image/jpeg"),
        (picture("JPEG", progressive=True), "image/jpeg"),
        (picture("MPO", save_all=True, append_images=[Image.new("RGB", (40, 30))]), "image/jpeg"),
        (PDF, "application/pdf"),
    ],
)
def test_what_is_taken_in(client_account: Account, content: bytes, content_type: str) -> None:
    document = upload(client_account, content=content)

    stored = ClientDocument.objects.get(pk=document.pk)
    assert bytes(stored.content) == content
    assert (stored.content_type, stored.size) == (content_type, len(content))
    assert stored.sha256 == hashlib.sha256(content).hexdigest()
    assert stored.status == "uploaded"
    assert stored.is_picture == (content_type != "application/pdf")


@pytest.mark.parametrize(
    "content",
    [
        b"\0",
        b"<html><script>alert(1)</script></html>",
        b"\x89PNG\r\n\x1a\n" + b"\0" * 100,
        b"\xff\xd8\xff\xe0" + b"JFIF" * 10,
        picture("PNG")[:60],
        picture("JPEG")[: len(picture("JPEG")) // 2],
        b"GIF89a<script>alert(1)</script>",
        b"%PDF-1.4\n<script>alert(1)</script>",
        picture("BMP"),
        picture("TIFF"),
        picture("WEBP"),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    ],
)
def test_what_is_none_of_the_four(client_account: Account, content: bytes) -> None:
    with pytest.raises(ImageNotFound):
        upload(client_account, content=content)

    assert not ClientDocument.objects.exists()


def test_nothing_is_no_document(client_account: Account) -> None:
    with pytest.raises(ImageNotFound):
        documents.upload(client_account, kind="photo", content=b"", now=clock.now(client_account.sandbox))


def test_a_small_file_that_would_fill_the_memory(client_account: Account) -> None:
    with pytest.raises(IncorrectParameters, match="40 million pixels"):
        upload(client_account, content=png_of_size(65_000, 65_000))


def test_a_jpeg_that_would_take_minutes(client_account: Account) -> None:
    jpeg = picture("JPEG", progressive=True)
    last_scan = jpeg[jpeg.rindex(documents.SCAN) : -2]

    with pytest.raises(ImageNotFound):
        upload(client_account, content=jpeg[:-2] + last_scan * 200 + jpeg[-2:])


def test_the_largest_file(client_account: Account) -> None:
    padded = PDF.replace(b"trailer", b"% " + b"x" * (documents.LARGEST_SIZE - len(PDF) - 3) + b"\ntrailer")
    assert len(padded) == documents.LARGEST_SIZE

    assert upload(client_account, content=padded).size == documents.LARGEST_SIZE
    with pytest.raises(IncorrectParameters, match="5 MB"):
        upload(client_account, content=padded + b"\n")


def test_a_kind_that_is_none(client_account: Account) -> None:
    with pytest.raises(IncorrectParameters, match="passport, id_card, utility_bill, photo, other") as refusal:
        upload(client_account, kind="selfie")

    assert refusal.value.field == "kind"


def test_the_same_file_again_is_the_same_document(client_account: Account) -> None:
    document = upload(client_account)

    assert upload(client_account) == document
    assert upload(client_account, kind="photo") != document
    documents.refuse(document, reason="Too dark", by=None, now=clock.now(client_account.sandbox))
    assert upload(client_account) != document


def test_how_many_may_wait(client_account: Account) -> None:
    for number in range(documents.MOST_WAITING):
        upload(client_account, content=PDF + b"\n" * number)

    with pytest.raises(IncorrectParameters, match="waiting"):
        upload(client_account, content=picture())


def test_a_merchant_speaks_for_the_clients_whom_he_registered(
    client_account: Account, merchant: Wallet, stranger: Wallet, buyer: Wallet
) -> None:
    assert upload(client_account, uploaded_by=merchant).uploaded_by == merchant
    assert upload(merchant.account, uploaded_by=merchant).account == merchant.account
    with pytest.raises(ClientAccessDenied):
        upload(client_account, uploaded_by=stranger)
    with pytest.raises(ClientAccessDenied):
        upload(buyer.account, uploaded_by=merchant)


class TestJudging:
    @pytest.mark.parametrize(
        ("accepted", "verification"),
        [
            (["photo"], "Formal"),
            (["utility_bill"], "Formal"),
            (["passport", "id_card"], "Formal"),
            (["passport", "utility_bill"], "Verified"),
            (["utility_bill", "other", "id_card"], "Verified"),
        ],
    )
    def test_what_accepted_documents_are_worth(
        self, client_account: Account, staff: User, accepted: list[str], verification: str
    ) -> None:
        now = clock.now(client_account.sandbox)
        for kind in accepted:
            document = upload(client_account, kind)
            documents.accept(document, by=staff, now=now)

        assert (document.status, document.judged_by, document.judged_at) == ("accepted", staff, now)
        client_account.refresh_from_db()
        assert client_account.verification == verification == document.account.verification

    def test_nothing_is_ever_lowered(self, merchant: Wallet, staff: User) -> None:
        document = upload(merchant.account, "photo")

        documents.accept(document, by=staff, now=document.uploaded_at)

        merchant.account.refresh_from_db()
        assert merchant.account.verification == "Verified"

    def test_a_refused_document_counts_for_nothing(self, client_account: Account, staff: User) -> None:
        passport, bill = upload(client_account, "passport"), upload(client_account, "utility_bill")

        documents.refuse(passport, reason="Expired", by=staff, now=passport.uploaded_at)
        documents.accept(bill, by=staff, now=bill.uploaded_at)

        assert (passport.status, passport.reason) == ("refused", "Expired")
        client_account.refresh_from_db()
        assert client_account.verification == "Formal"

    def test_a_document_is_judged_once(self, client_account: Account, staff: User) -> None:
        document = upload(client_account)
        documents.refuse(document, reason="Too dark", by=staff, now=document.uploaded_at)

        with pytest.raises(AlreadyJudged):
            documents.accept(document, by=staff, now=document.uploaded_at)
        with pytest.raises(WrongState):
            documents.refuse(document, reason="Again", by=staff, now=document.uploaded_at)

        client_account.refresh_from_db()
        assert client_account.verification == "Unverified"
        document.refresh_from_db()
        assert document.reason == "Too dark"


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    @pytest.fixture
    def account(self) -> Account:
        sandbox = clock.default_sandbox()
        seed.currencies()
        return registration.register(
            sandbox=sandbox, email="client@example.com", password="correct horse", now=clock.now(sandbox)
        )

    def test_identity_and_address_accepted_at_once_make_verified(self, account: Account) -> None:
        start = threading.Barrier(2)

        def accept(document: ClientDocument) -> None:
            start.wait()
            documents.accept(document, by=None, now=document.uploaded_at)
            connection.close()

        with ThreadPoolExecutor(2) as threads:
            list(threads.map(accept, [upload(account, "passport"), upload(account, "utility_bill")]))

        account.refresh_from_db()
        assert account.verification == "Verified"

    def test_of_many_judges_one_is_obeyed(self, account: Account) -> None:
        document = upload(account)
        start = threading.Barrier(6)

        def judge(number: int) -> str:
            mine = ClientDocument.objects.get(pk=document.pk)
            start.wait()
            try:
                if number % 2:
                    documents.accept(mine, by=None, now=mine.uploaded_at)
                else:
                    documents.refuse(mine, reason="Too dark", by=None, now=mine.uploaded_at)
            except AlreadyJudged:
                return ""
            finally:
                connection.close()
            return mine.status

        with ThreadPoolExecutor(6) as threads:
            verdicts = [verdict for verdict in threads.map(judge, range(6)) if verdict]

        assert len(verdicts) == 1
        document.refresh_from_db()
        account.refresh_from_db()
        assert document.status == verdicts[0]
        assert account.verification == ("Formal" if verdicts == ["accepted"] else "Unverified")

    def test_one_file_sent_in_parallel_is_one_document(self, account: Account) -> None:
        start = threading.Barrier(4)

        def send(_: int) -> int:
            start.wait()
            try:
                return upload(account).pk
            finally:
                connection.close()

        with ThreadPoolExecutor(4) as threads:
            assert len(set(threads.map(send, range(4)))) == 1
        assert ClientDocument.objects.count() == 1


class TestStaffPages:
    @pytest.fixture
    def browser(self, client: Client, staff: User) -> Client:
        client.force_login(staff)
        return client

    def test_a_document_is_looked_at_and_accepted(
        self, browser: Client, staff: User, client_account: Account, merchant: Wallet
    ) -> None:
        document = upload(client_account, uploaded_by=merchant)
        address = f"/admin/wallets/clientdocument/{document.id}/change/"

        assert f"{client_account.id}" in browser.get("/admin/wallets/clientdocument/").text
        page = browser.get(address)
        assert f'<img src="/admin/wallets/clientdocument/{document.id}/content/"' in page.text
        assert "style=" not in page.text.split('id="content"')[1]

        browser.post(address, {"decision": "accept", "reason": ""})

        document.refresh_from_db()
        assert (document.status, document.judged_by) == ("accepted", staff)
        client_account.refresh_from_db()
        assert client_account.verification == "Formal"
        assert 'name="decision"' not in browser.get(address).text

    def test_who_refuses_says_why(self, browser: Client, client_account: Account) -> None:
        document = upload(client_account, content=PDF)
        address = f"/admin/wallets/clientdocument/{document.id}/change/"

        page = browser.post(address, {"decision": "refuse", "reason": ""})
        assert "Say why" in page.text
        browser.post(address, {"decision": "refuse", "reason": "Expired in 2019"})

        document.refresh_from_db()
        assert (document.status, document.reason) == ("refused", "Expired in 2019")

    def test_who_comes_second_is_told_so(self, browser: Client, client_account: Account) -> None:
        document = upload(client_account)
        documents.refuse(document, reason="Too dark", by=None, now=document.uploaded_at)

        page = browser.post(f"/admin/wallets/clientdocument/{document.id}/change/", {"decision": "accept"}, follow=True)

        assert "judged already" in page.text
        document.refresh_from_db()
        assert document.status == "refused"

    def test_several_are_accepted_at_once(self, browser: Client, client_account: Account) -> None:
        chosen = [upload(client_account, "passport"), upload(client_account, "utility_bill")]
        documents.refuse(late := upload(client_account, "photo"), reason="-", by=None, now=chosen[0].uploaded_at)

        page = browser.post(
            "/admin/wallets/clientdocument/",
            {"action": "accept", "_selected_action": [document.id for document in [*chosen, late]]},
            follow=True,
        )

        assert "2 documents were accepted." in page.text
        assert "judged already" in page.text
        client_account.refresh_from_db()
        assert client_account.verification == "Verified"

    @pytest.mark.parametrize("content", [PDF, picture("PNG"), picture("JPEG"), picture("GIF")])
    def test_the_file_leaves_as_an_attachment_that_runs_nothing(
        self, browser: Client, client_account: Account, content: bytes
    ) -> None:
        document = upload(client_account, content=content)

        answer = browser.get(f"/admin/wallets/clientdocument/{document.id}/content/")

        assert answer.content == content
        assert answer["Content-Type"] == document.content_type
        assert answer["Content-Disposition"].startswith(f'attachment; filename="{client_account.id}-passport-')
        assert answer["Content-Security-Policy"] == "sandbox; default-src 'none'"
        assert answer["X-Content-Type-Options"] == "nosniff"
        assert "no-store" in answer["Cache-Control"]

    def test_it_leaves_for_staff_only(
        self, client: Client, browser: Client, client_account: Account, merchant: Wallet
    ) -> None:
        document = upload(client_account, uploaded_by=merchant)
        address = f"/admin/wallets/clientdocument/{document.id}/content/"
        assert browser.get("/admin/wallets/clientdocument/999999/content/").status_code == 404

        client.force_login(merchant.account.user)
        assert client.get(address).status_code == 302
        clerk = User.objects.create_user("clerk@example.com", "clerk", is_staff=True)
        client.force_login(clerk)
        assert client.get(address).status_code == 403
        client.logout()
        assert client.get(address).status_code == 302

    def test_a_list_reads_no_files(self, browser: Client, client_account: Account) -> None:
        for number in range(5):
            upload(client_account, content=PDF + b"\n" * number)

        with CaptureQueriesContext(connection) as queries:
            browser.get("/admin/wallets/clientdocument/")

        assert not [query for query in queries if '"content"' in query["sql"]]
        assert len(queries) < 15


def png_of_size(width: int, height: int) -> bytes:
    """A PNG of a thousand bytes that says it is large."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    pixels = zlib.compress(bytes(1_000_000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
