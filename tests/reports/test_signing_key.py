"""The installation's key: made once, private, fit for its purpose."""

import datetime as dt
import stat
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import pkcs12

from facsweb.reports import signing


@pytest.fixture
def folder(settings, tmp_path):
    settings.KEYS_DIR = tmp_path / "keys"
    return tmp_path / "keys" / "signing"


def test_the_key_is_made_at_first_need_and_kept(folder):
    assert signing.own_fingerprint() is None
    assert not folder.exists()  # asking makes nothing
    first = signing.identity({})
    assert signing.identity({}).fingerprint == first.fingerprint == signing.own_fingerprint()


def test_the_private_key_is_private(folder):
    signing.identity({})
    assert stat.S_IMODE((folder / signing.KEY_FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [path.name for path in folder.parent.iterdir()] == ["signing"]  # no draft stays behind


def test_the_certificate_says_what_it_is_for(folder, monkeypatch):
    monkeypatch.setenv("FACSWEB_INSTALLATION_NAME", "Laboratory of Examples")
    signing.identity({})
    found = x509.load_pem_x509_certificate((folder / signing.CERTIFICATE_FILE).read_bytes())
    usage = found.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert usage.content_commitment
    assert not usage.key_cert_sign
    assert "Laboratory of Examples" in found.subject.rfc4514_string()
    assert found.public_key().key_size == 3072
    assert found.not_valid_before_utc <= dt.datetime.now(dt.UTC)
    assert found.not_valid_after_utc > dt.datetime.now(dt.UTC) + dt.timedelta(days=365 * 19)


def test_two_processes_at_once_end_with_one_key(folder):
    threads = [threading.Thread(target=signing.make_key, args=(folder,)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    key = serialization.load_pem_private_key((folder / signing.KEY_FILE).read_bytes(), None)
    certificate = x509.load_pem_x509_certificate((folder / signing.CERTIFICATE_FILE).read_bytes())
    assert key.public_key().public_numbers() == certificate.public_key().public_numbers()
    assert [path.name for path in folder.parent.iterdir()] == ["signing"]


def test_the_operators_own_key(folder, tmp_path):
    signing.make_key(tmp_path / "given")
    key = serialization.load_pem_private_key((tmp_path / "given" / signing.KEY_FILE).read_bytes(), None)
    certificate = x509.load_pem_x509_certificate((tmp_path / "given" / signing.CERTIFICATE_FILE).read_bytes())
    path = tmp_path / "given.p12"
    secret = serialization.BestAvailableEncryption(b"secret")
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"report", key, certificate, None, secret))
    environ = {"FACSWEB_SIGNING_P12": str(path), "FACSWEB_SIGNING_P12_PASSWORD": "secret"}
    found = signing.identity(environ)
    assert found.given
    assert found.fingerprint == certificate.fingerprint(certificate.signature_hash_algorithm).hex()
    assert not folder.exists()  # no key of our own beside it
    with pytest.raises(signing.SigningError, match="password is wrong"):
        signing.identity(environ | {"FACSWEB_SIGNING_P12_PASSWORD": "guess"})
    with pytest.raises(signing.SigningError, match="does not exist"):
        signing.identity({"FACSWEB_SIGNING_P12": str(tmp_path / "nowhere.p12")})


def test_a_damaged_key_is_told_and_not_replaced(folder):
    signing.identity({})
    (folder / signing.KEY_FILE).write_text("nonsense")
    with pytest.raises(signing.SigningError, match="restore it from a backup"):
        signing.identity({})
    assert (folder / signing.KEY_FILE).read_text() == "nonsense"
