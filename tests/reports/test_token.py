"""A key on a PKCS#11 token: a real token in software (SoftHSM), where it and python-pkcs11 are installed."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from facsweb.reports import authority, document, signing

MODULES = ("/usr/lib/softhsm/libsofthsm2.so", "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so")
PIN, LABEL = "1234", "reports"


def test_without_the_package_or_settings_the_operator_is_told(monkeypatch):
    with pytest.raises(signing.SigningError, match="_TOKEN and _LABEL"):
        signing.identity({"FACSWEB_PKCS11_MODULE": "/usr/lib/none.so"})
    full = {f"FACSWEB_PKCS11_{name}": "x" for name in ("MODULE", "TOKEN", "LABEL")}
    with pytest.raises(signing.SigningError, match=r"python-pkcs11|cannot be used"):
        signing.identity(full)
    with pytest.raises(signing.SigningError, match="cannot be read"):
        signing.identity(full | {"FACSWEB_PKCS11_PIN_FILE": "/nowhere/pin"})


@pytest.fixture
def token(tmp_path, settings, monkeypatch):
    """A token with a key and certificate that another authority made, and the environment that names it."""
    pkcs11 = pytest.importorskip("pkcs11", reason="python-pkcs11 is not installed")
    module = next((path for path in MODULES if Path(path).exists()), None)
    if module is None or shutil.which("softhsm2-util") is None:
        pytest.skip("SoftHSM is not installed")
    (tmp_path / "tokens").mkdir()
    config = tmp_path / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {tmp_path}/tokens\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(config))
    run = ["softhsm2-util", "--init-token", "--free", "--label", "facsweb", "--pin", PIN, "--so-pin", "4321"]
    subprocess.run(run, check=True, capture_output=True)
    settings.KEYS_DIR = tmp_path / "given"
    held, root = authority.leaf(), authority.root()
    settings.KEYS_DIR = tmp_path / "keys"
    key = tmp_path / "key.pem"
    key.write_bytes(held.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    run = [
        "softhsm2-util",
        "--import",
        str(key),
        "--token",
        "facsweb",
        "--label",
        LABEL,
        "--id",
        "A1",
        "--pin",
        PIN,
    ]
    subprocess.run(run, check=True, capture_output=True)
    session = pkcs11.lib(module).get_token(token_label="facsweb").open(user_pin=PIN, rw=True)
    der = held.certificate.public_bytes(Encoding.DER)
    from pkcs11.util.x509 import decode_x509_certificate

    template = decode_x509_certificate(der) | {
        pkcs11.Attribute.TOKEN: True,
        pkcs11.Attribute.LABEL: LABEL,
        pkcs11.Attribute.ID: b"\xa1",
    }
    session.create_object(template)
    session.close()
    pin, chain = tmp_path / "pin", tmp_path / "chain.pem"
    pin.write_text(PIN)
    chain.write_bytes(root.certificate.public_bytes(Encoding.PEM))
    names = {"MODULE": module, "TOKEN": "facsweb", "LABEL": LABEL, "PIN_FILE": str(pin)}
    environ = {f"FACSWEB_PKCS11_{name}": value for name, value in names.items()}
    return environ | {"FACSWEB_SIGNING_CHAIN": str(chain)}, held


@pytest.mark.django_db
def test_a_token_signs_and_pyhanko_finds_it_valid(token, sign_off):
    import io

    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    environ, held = token
    who = signing.identity(environ)
    assert who.given
    assert who.fingerprint == held.fingerprint
    unsigned = document.typeset(sign_off.content, sign_off.content_sha256)
    pdf, fingerprint = signing.seal(unsigned, name="Coder Person", reason="x", who=who)
    assert fingerprint == held.fingerprint
    signature = PdfFileReader(io.BytesIO(pdf)).embedded_signatures[0]
    roots = ValidationContext(trust_roots=list(who.roots), allow_fetching=False)
    assert validate_pdf_signature(signature, roots).bottom_line
    with pytest.raises(signing.SigningError, match="cannot be used"):
        signing.identity(environ | {"FACSWEB_PKCS11_LABEL": "other"})
    assert os.environ["SOFTHSM2_CONF"]
