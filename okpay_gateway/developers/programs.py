"""Programs that the pages show: seals of a button, as in docs/encrypted-buttons.md, listeners, calls of the SOAP API.

Tests run them: what a page shows has worked.
"""

from pathlib import Path

SEALING = (
    (
        "Python",
        """\
import base64, os
from urllib.parse import urlencode
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def seal(form, key_id, key):
    head, nonce = f"1.{key_id}", os.urandom(12)
    sealed = nonce + AESGCM(bytes.fromhex(key)).encrypt(nonce, urlencode(form).encode(), head.encode())
    return f"{head}.{base64.urlsafe_b64encode(sealed).decode().rstrip('=')}"
""",
    ),
    (
        "PHP",
        """\
function seal(array $form, string $keyId, string $key): string {
    $head = "1.$keyId";
    $nonce = random_bytes(12);
    $text = http_build_query($form, '', '&');
    $text = openssl_encrypt($text, 'aes-256-gcm', hex2bin($key), OPENSSL_RAW_DATA, $nonce, $tag, $head, 16);
    return $head . '.' . rtrim(strtr(base64_encode($nonce . $text . $tag), '+/', '-_'), '=');
}
""",
    ),
    (
        "Node.js",
        """\
const crypto = require('crypto');
function seal(form, keyId, key) {
  const head = `1.${keyId}`, nonce = crypto.randomBytes(12);
  const cipher = crypto.createCipheriv('aes-256-gcm', Buffer.from(key, 'hex'), nonce).setAAD(Buffer.from(head));
  const text = Buffer.concat([cipher.update(new URLSearchParams(form).toString(), 'utf8'), cipher.final()]);
  return `${head}.${Buffer.concat([nonce, text, cipher.getAuthTag()]).toString('base64url')}`;
}
""",
    ),
)

# A call as it goes over the wire, with %(wallet)s and %(token)s.
ENVELOPE = """\
<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">
  <soap:Body>
    <Wallet_Get_Currency_Balance xmlns="https://api.okpay.com">
      <WalletID>%(wallet)s</WalletID>
      <SecurityToken>%(token)s</SecurityToken>
      <Currency>USD</Currency>
    </Wallet_Get_Currency_Balance>
  </soap:Body>
</soap:Envelope>
"""

# With %(origin)s, %(wallet)s and %(password)s.
PHP_CALL = """\
<?php
$client = new SoapClient('%(origin)s/OkPayAPI?wsdl');
$token = hash('sha256', '%(password)s:' . gmdate('Ymd:H'));
$answer = $client->Wallet_Get_Currency_Balance(array(
    'WalletID' => '%(wallet)s', 'SecurityToken' => $token, 'Currency' => 'USD'));
echo $answer->Wallet_Get_Currency_BalanceResult->Amount;
"""
PYTHON_CALL = """\
import hashlib
from datetime import datetime, timezone
import zeep

client = zeep.Client("%(origin)s/OkPayAPI?singleWsdl")
hour = datetime.now(timezone.utc).strftime("%%Y%%m%%d:%%H")
token = hashlib.sha256(f"%(password)s:{hour}".encode()).hexdigest()
print(client.service.Wallet_Get_Currency_Balance("%(wallet)s", token, "USD").Amount)
"""

# Whole programs, by language. What differs from server to server stands in constants at their top.
LISTENERS = {"PHP": "php", "Python": "python", "Perl": "perl", "Java": "java", "C#": "csharp", "Node.js": "node"}
SOAP_SAMPLES = {"PHP": "php", "C#": "csharp", "Perl": "perl", "Java": "java", "Python": "python", "Node.js": "node"}
_HERE = Path(__file__).parent
_ORIGIN, _WALLET, _PASSWORD = "https://gateway.example", "OK702746927", "MyApiPass"


def listener(name: str, *, origin: str, wallet: str) -> str:
    """A sample listener, ready to run."""
    return _program("listeners", name).replace(_ORIGIN, origin).replace(_WALLET, wallet)


def soap_sample(name: str, *, origin: str, wallet: str, password: str) -> str:
    """A sample that calls the SOAP API, ready to run."""
    program = _program("soap_samples", name)
    return program.replace(_ORIGIN, origin).replace(_WALLET, wallet).replace(_PASSWORD, password)


def _program(folder: str, name: str) -> str:
    return (_HERE / folder / f"{name}.txt").read_text(encoding="utf-8")
