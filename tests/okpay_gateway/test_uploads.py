"""Files that are far too large: refused by their announced length, in words, and not written anywhere."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from okpay_gateway import uploads
from wallets.models import ClientDocument, Wallet

PAGE = "/account/profile/verification/"

pytestmark = pytest.mark.django_db


def test_a_form_that_is_far_too_large_is_told_so(merchant: Wallet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "LARGEST_FORM", 10_000)
    client = Client()
    client.force_login(merchant.account.user)
    response = client.post(PAGE, {"kind": "passport", "file": SimpleUploadedFile("a.png", b"x" * 20_000)})

    assert response.status_code == 413
    assert "choose a smaller file" in response.content.decode()
    assert not ClientDocument.objects.exists()


def test_what_is_within_it_is_for_the_form_to_judge(merchant: Wallet) -> None:
    client = Client()
    client.force_login(merchant.account.user)
    response = client.post(PAGE, {"kind": "passport", "file": SimpleUploadedFile("a.png", b"x" * 20_000)})

    assert response.status_code == 200
    assert list(response.context["form"].errors) == ["file"]
