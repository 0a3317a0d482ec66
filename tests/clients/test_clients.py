"""Seven SOAP clients do what a merchant's program does: date, balances, a payment with UTF-8, history, a fault.

Each program computes its token itself and prints what it read, one fact a line; all must print the same. Clients that
are generated are generated here, from the WSDL that the server serves.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox import clock
from tests.requirements import cannot_run, require
from wallets import payments
from wallets.models import Transaction, Wallet
from wallets.money import D

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

PROGRAMS = Path(__file__).parent / "programs"
MERCHANT, BUYER, PASSWORD = "OK702746927", "OK100000001", "BuyerPass"
COMMENT = "Grüße, 你好 & <Tee>"
EARLIER_PAYMENTS = 4
# By which Java and Mono read their arguments.
UTF_8 = os.environ | {"LC_ALL": "C.UTF-8"}

Run = Callable[..., None]


@pytest.fixture
def run_client(server: str, buyer: Wallet) -> Run:
    """`run_client(command, ...)`: the program does its round as the buyer and must have read what is true."""
    now = clock.now(buyer.account.sandbox)
    for _ in range(EARLIER_PAYMENTS):
        payments.send_money(payer=buyer, receiver=MERCHANT, currency="EUR", amount=D("1"), now=now)

    def run(*command: str, address: str = f"{server}/OkPayAPI?wsdl", **options: object) -> None:
        printed = output_of(*command, address, BUYER, PASSWORD, MERCHANT, COMMENT, **options)
        facts = {name: values for name, *values in (line.split("\t") for line in printed.splitlines())}
        ids = list(Transaction.objects.involving(buyer).order_by("-id").values_list("id", flat=True))
        assert len(facts["date"][0]) == len("2026-01-31 12:00:00")
        assert facts["balance"] == ["USD", "10000.00"]
        assert facts["balances"] == ["21", "EUR"]
        assert facts["sent"] == ["-50.00", "-0.25", "-50.25", COMMENT, "Completed", MERCHANT]
        assert facts["history"] == [str(-(-len(ids) // 3)), str(len(ids)), *map(str, ids)]
        assert facts["fault"] == ["Currency_Not_Found"]
        assert Transaction.objects.get(id=ids[0]).comment == COMMENT

    return run


def output_of(*command: str, **options: object) -> str:
    """What the command prints. A command that fails fails the test with all that it said."""
    done = subprocess.run(command, capture_output=True, timeout=300, check=False, **options)
    said = done.stdout.decode() + done.stderr.decode()
    assert done.returncode == 0, f"{' '.join(command)}\n{said}"
    return done.stdout.decode()


def test_php_soapclient(run_client: Run) -> None:
    php = require("php", "apt-get install php-cli php-soap")
    if "soap" not in output_of(php, "-m").split():
        cannot_run("PHP has no SOAP extension; apt-get install php-soap")

    run_client(php, str(PROGRAMS / "php_client.php"))


def test_perl_soap_lite(run_client: Run, server: str) -> None:
    perl = require("perl", "apt-get install perl")
    if subprocess.run([perl, "-MSOAP::Lite", "-e", "1"], capture_output=True, check=False).returncode:
        cannot_run("Perl's SOAP::Lite is not installed; apt-get install libsoap-lite-perl")

    run_client(perl, str(PROGRAMS / "perl_client.pl"), address=f"{server}/OkPayAPI")


@pytest.mark.parametrize("client", ["zeep", "suds"])
def test_python(run_client: Run, client: str) -> None:
    run_client(sys.executable, "-W", "ignore", str(PROGRAMS / f"{client}_client.py"))


def test_node_soap(run_client: Run, node_modules: str) -> None:
    node = require("node", "apt-get install nodejs npm")

    run_client(node, str(PROGRAMS / "node_client.js"), env=os.environ | {"NODE_PATH": node_modules})


def test_java_axis_1_4(run_client: Run, server: str, tmp_path: Path) -> None:
    javac = require("javac", "apt-get install default-jdk-headless")
    jars = [Path("/usr/share/java") / f"{name}.jar" for name in ("axis", "jaxrpc", "saaj", "wsdl4j")]
    jars += [Path("/usr/share/java") / f"commons-{name}.jar" for name in ("discovery", "logging")]
    if not jars[0].exists():
        cannot_run("Axis 1.4 is not installed; apt-get install libaxis-java")
    java = require("java", "apt-get install default-jdk-headless")
    path = os.pathsep.join([str(tmp_path), *(str(jar) for jar in jars if jar.exists())])
    shutil.copy(PROGRAMS / "AxisClient.java", tmp_path)

    output_of(java, "-cp", path, "org.apache.axis.wsdl.WSDL2Java", "-o", str(tmp_path), f"{server}/OkPayAPI?wsdl")
    sources = [str(source) for source in tmp_path.rglob("*.java")]
    output_of(javac, "-nowarn", "-encoding", "UTF-8", "-cp", path, *sources)

    run_client(java, "-cp", path, "AxisClient", address=f"{server}/OkPayAPI", env=UTF_8)


def test_mono_svcutil(run_client: Run, server: str, tmp_path: Path) -> None:
    svcutil, mcs = (require(name, "apt-get install mono-devel") for name in ("svcutil", "mcs"))
    mono = require("mono", "apt-get install mono-devel")
    proxy, program = tmp_path / "Proxy.cs", tmp_path / "client.exe"

    output_of(svcutil, f"{server}/OkPayAPI?wsdl", f"-out:{proxy}", "-noConfig", cwd=tmp_path)
    output_of(
        mcs, f"-out:{program}", "-r:System.ServiceModel", "-r:System.Runtime.Serialization", str(proxy),
        str(PROGRAMS / "WcfClient.cs"),
    )  # fmt: skip

    run_client(mono, str(program), address=f"{server}/OkPayAPI", env=UTF_8)
