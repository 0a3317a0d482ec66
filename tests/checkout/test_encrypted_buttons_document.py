"""docs/encrypted-buttons.md: its programs seal buttons that the checkout opens."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.test import Client

from checkout import seals
from checkout.models import CheckoutSession
from sandbox import clock
from sandbox.models import Sandbox
from tests.programs import ROOT
from tests.requirements import require
from wallets.models import Wallet

DOCUMENT = (ROOT / "docs" / "encrypted-buttons.md").read_text()
FORM = {"ok_item_1_name": "Grüße & <mehr> +", "ok_item_1_price": "50.00", "ok_currency": "USD", "ok_invoice": "a b"}
# What calls the function of the document: form, key ID and key come as JSON.
PYTHON = "\nimport json, sys\nprint(seal(*json.loads(sys.argv[1])))\n"
PHP = '\necho seal(...json_decode($argv[1], true)), "\\n";\n'
NODE = "\nconsole.log(seal(...JSON.parse(process.argv[2])));\n"


@pytest.mark.parametrize(
    ("language", "program", "suffix", "call"),
    [("python", "", ".py", PYTHON), ("php", "php", ".php", PHP), ("js", "node", ".js", NODE)],
)
def test_the_documents_programs_seal_buttons(
    merchant: Wallet, world: Sandbox, tmp_path: Path, language: str, program: str, suffix: str, call: str
) -> None:
    interpreter = require(program, f"apt-get install --yes {program}") if program else sys.executable
    (code,) = re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL)
    script = tmp_path / f"seal{suffix}"
    script.write_text(("<?php\n" if language == "php" else "") + code + call)
    key = seals.new_key(merchant, title="Shop", now=clock.now(world))
    arguments = json.dumps([FORM, key.id, key.secret.hex()])

    done = subprocess.run([interpreter, script, arguments], capture_output=True, text=True, timeout=60)

    assert done.returncode == 0, done.stderr
    response = Client().post("/process.html", {"ok_encrypted": done.stdout.strip()})
    assert response.status_code == 302, response.content.decode()
    session = CheckoutSession.objects.get()
    item = session.items.get()
    assert (item.name, str(item.price), session.invoice) == (FORM["ok_item_1_name"], "50.00", "a b")
    assert session.receiver_id == merchant.id


def test_the_document_names_every_refusal() -> None:
    for words in ("altered or cut off", "sealed for another place", "revoked", "expired", "switched off"):
        assert words in DOCUMENT
