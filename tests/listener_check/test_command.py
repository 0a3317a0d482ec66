"""manage.py check_listener, as a CI job calls it."""

import subprocess
import sys
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.core.management import CommandError, call_command

from ipn.models import ListenerCheck
from tests.listener import free_port
from tests.listener_check.shops import shop
from tests.programs import ROOT, clean_environment, running
from wallets.models import Wallet

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def run(*arguments: str) -> str:
    output = StringIO()
    call_command("check_listener", *arguments, stdout=output, stderr=output)
    return output.getvalue()


def test_a_good_listener(gateway: str, merchant: Wallet, tmp_path: Path) -> None:
    file = tmp_path / "listener.xml"
    with shop(gateway) as good:
        said = run(good.url, "--junit", str(file), "--orders-url", good.orders_url)

    assert "15 stories: 15 passed, 0 with warnings, 0 failed, 0 not told." in said
    assert "pass    five-at-once             5 × 200 in" in said
    assert ElementTree.parse(file).getroot().get("failures") == "0"


def test_a_bad_one_is_told_once_what_to_mend(gateway: str, merchant: Wallet) -> None:
    output = StringIO()
    with shop(gateway, asks=lambda body: None) as trusting, pytest.raises(CommandError, match="failed the check"):
        call_command("check_listener", trusting.url, stdout=output)

    said = output.getvalue()
    assert "FAIL    forged" in said
    assert said.count("Post all variables back to ipn-verify") == 1
    assert "It never asked ipn-verify (original, forged, altered-amount" in said


def test_without_a_url_it_is_the_wallets(gateway: str, merchant: Wallet) -> None:
    with shop(gateway) as good:
        Wallet.objects.filter(id=merchant.id).update(ipn_url=good.url)
        run("--wallet", merchant.id, "--timeout", "3.5", "--amount", "100", "--invoice", "late=2026/7")

    check = ListenerCheck.objects.get()
    assert (check.url, check.timeout, check.invoices["late"]) == (good.url, 3.5, "2026/7")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "has no Payment Notification"),
        (["ftp://shop.example/"], "url: Write an address such as"),
        (["http://x/", "--wallet", "OK999999999"], "wallet: there is no OK999999999"),
        (["http://x/", "--timeout", "0"], "timeout: Above 0 and at most IPN_TIMEOUT, 4 seconds"),
        (["http://x/", "--timeout", "5"], "timeout: Above 0 and at most IPN_TIMEOUT, 4 seconds"),
        (["http://x/", "--amount", "0.01"], "amount: Above 0.01"),
        (["http://x/", "--amount", "1.001"], "amount: Above 0.01, with at most two decimals"),
        (["http://x/", "--amount", "much"], "amount: Write an amount as a string"),
        (["http://x/", "--currency", "dollars"], "currency: "),
        (["http://x/", "--number", "-1"], "number: "),
        (["http://x/", "--orders-url", "http://x/"], "orders-url: It must hold {invoice}"),
        (["http://x/", "--invoice", "late"], "write STORY=INVOICE"),
        (["http://x/", "--invoice", "early=1"], "There is no story early. Known are: original"),
        (["http://x/", "--invoice", "late="], "invoices: "),
    ],
)
def test_what_it_is_given_wrong(merchant: Wallet, arguments: list[str], words: str) -> None:
    with pytest.raises(CommandError) as refusal:
        run(*arguments)

    assert words in str(refusal.value)
    assert not ListenerCheck.objects.exists()


def test_beside_a_running_gateway_with_exit_codes_for_ci(tmp_path: Path) -> None:
    """As README.md has it: `make run`'s processes, the example, the command, and the same VAR for all."""
    port, listener_port = free_port(), free_port()
    environment = clean_environment(PORT=str(port), VAR=str(tmp_path / "var"))
    command = [sys.executable, "manage.py"]

    def check(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [*command, "check_listener", *arguments], cwd=ROOT, env=environment, capture_output=True, text=True
        )

    with running([*command, "sandbox"], tmp_path / "gateway.log", port=port, env=environment) as gateway:
        example = [sys.executable, str(ROOT / "examples" / "listener.py"), str(listener_port), gateway.base]
        listener = subprocess.Popen(example, cwd=tmp_path, stdout=subprocess.DEVNULL)
        try:
            gateway.wait_until_ready()
            good = check(f"http://127.0.0.1:{listener_port}/", "--junit", "-")
            bad = check(f"http://127.0.0.1:{free_port()}/", "--junit", str(tmp_path / "bad.xml"))
        finally:
            listener.kill()
            listener.wait()
    assert good.returncode == 0, good.stderr
    # Standard output is nothing but the file.
    assert ElementTree.fromstring(good.stdout).get("tests") == "15"
    assert bad.returncode == 1
    assert "Connection refused" in bad.stdout
    assert ElementTree.parse(tmp_path / "bad.xml").getroot().get("failures") == "1"


def test_without_a_gateway_it_says_so(tmp_path: Path) -> None:
    environment = clean_environment(VAR=str(tmp_path / "var"))
    command = [sys.executable, "manage.py", "check_listener", "http://127.0.0.1:9/"]

    ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)

    assert ended.returncode == 1
    assert "Start the gateway, and give this command the same VAR or DATABASE_URL." in ended.stderr
    assert "Traceback" not in ended.stderr
