"""What the tests of the Listener Check share: a gateway that answers ipn-verify, and checks that do not take long."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from pytest_django import Settings
from pytest_django.live_server_helper import LiveServer

from ipn.listener_check import checks, facts, posts
from ipn.listener_check.judgement import Judgement, Report, judge
from wallets.models import Wallet

Check = Callable[..., Report]


@pytest.fixture(autouse=True)
def _in_a_hurry(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.IPN_TIMEOUT = 4
    monkeypatch.setattr(facts, "PATIENCE", 0.3)
    monkeypatch.setattr(posts, "VERDICT_KEPT_BACK", 0.1)


@pytest.fixture
def gateway(live_server: LiveServer) -> str:
    """The address of a real web server on the test database."""
    return str(live_server.url)


@pytest.fixture
def check(merchant: Wallet) -> Check:
    """`check(url, ...)`: the report about a listener of the merchant's."""

    def _check(url: str, **given: object) -> Report:
        sandbox = merchant.account.sandbox
        found = checks.prepare(sandbox=sandbox, wallet_id=merchant.id, url=url, now=timezone.now(), **given)
        checks.run(found)
        return judge(found)

    return _check


def of(report: Report, story: str) -> Judgement:
    return next(judgement for judgement in report.judgements if judgement.story.key == story)


def outcomes(report: Report) -> dict[str, str]:
    return {judgement.story.key: judgement.outcome for judgement in report.judgements}


def titles(report: Report, story: str) -> list[str]:
    return [str(note.title) for note in of(report, story).notes]


def cures(report: Report, story: str) -> str:
    return " ".join(str(note.cure) for note in of(report, story).notes)
