"""The installation's authority: made once, private, fit for its purpose, rotated and revoked."""

import datetime as dt
import io
import stat
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import Encoding, pkcs12
from cryptography.x509.oid import ExtensionOID
from django.core.management import CommandError, call_command
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.validation.dss import DocumentSecurityStore

from facsweb.reports import authority, document, signing
from facsweb.reports.offline import main as offline
from facsweb.reports.verification import verify_pdf


@pytest.fixture
def folder(settings, tmp_path):
    settings.KEYS_DIR = tmp_path / "keys"
    return tmp_path / "keys" / "authority"


def test_root_and_key_are_made_at_first_need_and_kept(folder):
    assert authority.root_certificate() is None
    assert not folder.exists()  # asking makes nothing
    first = signing.identity({})
    assert signing.identity({}).fingerprint == first.fingerprint == authority.leaf().fingerprint
    assert authority.leaf().folder.name == f"{dt.datetime.now(dt.UTC):%Y}-01"


def test_private_keys_are_private(folder):
    signing.identity({})
    keys = sorted(folder.rglob("key.pem"))
    assert len(keys) == 2
    assert all(stat.S_IMODE(key.stat().st_mode) == 0o600 for key in keys)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not list(folder.rglob(".*"))  # no draft stays behind


def test_the_certificates_say_what_they_are_for(folder, monkeypatch):
    monkeypatch.setenv("FACSWEB_INSTALLATION_NAME", "Laboratory of Examples")
    signing.identity({})
    root, leaf = authority.root().certificate, authority.leaf().certificate
    leaf.verify_directly_issued_by(root)
    usage = leaf.extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage.digital_signature
    assert usage.content_commitment
    assert not usage.key_cert_sign
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert root.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert not root.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
    points = leaf.extensions.get_extension_for_oid(ExtensionOID.CRL_DISTRIBUTION_POINTS).value
    assert points[0].full_name[0].value.endswith("/verify/installation.crl")
    assert "Laboratory of Examples" in leaf.subject.rfc4514_string()
    assert leaf.public_key().key_size == 3072
    assert leaf.not_valid_after_utc > dt.datetime.now(dt.UTC) + dt.timedelta(days=365 * 19)


def test_processes_at_once_end_with_one_key(folder):
    threads = [threading.Thread(target=signing.own) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(authority.leaves()) <= 3  # each whole, whoever was first
    held = authority.leaf()
    assert held.key.public_key().public_numbers() == held.certificate.public_key().public_numbers()
    assert not list(folder.rglob(".*"))


def test_a_damaged_key_is_told_and_not_replaced(folder):
    signing.identity({})
    path = authority.leaf().folder / authority.KEY_FILE
    path.write_text("nonsense")
    with pytest.raises(signing.SigningError, match="restore it from a backup"):
        signing.identity({})
    assert path.read_text() == "nonsense"


def test_rotation_and_revocation(folder, capsys):
    first = signing.own().fingerprint
    call_command("signing_key", "rotate", "--revoke")
    second = signing.own().fingerprint
    assert first != second
    assert authority.leaf().folder.name.endswith("-02")
    revoked = x509.load_der_x509_crl(authority.revocation_list())
    assert [one.serial_number for one in revoked] == [authority.leaves()[0].certificate.serial_number]
    assert revoked.is_signature_valid(authority.root().key.public_key())
    call_command("signing_key")
    out = capsys.readouterr().out
    assert first in out
    assert f"Signs now {second}, PAdES B-B with validation data" in out
    with pytest.raises(CommandError, match="rotate --revoke"):
        call_command("signing_key", "show", "--revoke")


def test_a_revoked_last_key_is_never_used_again(folder):
    signing.own()
    authority.revoke(authority.leaf().certificate.serial_number)
    assert authority.leaf().folder.name.endswith("-02")


def test_an_old_list_is_signed_again(folder, monkeypatch):
    signing.own()
    path = folder / authority.CRL_FILE
    before = path.stat().st_ino
    authority.revocation_list()
    assert path.stat().st_ino == before
    monkeypatch.setattr(authority, "CRL_RENEWED", dt.timedelta(seconds=-1))
    authority.revocation_list()
    assert path.stat().st_ino != before


def test_the_operators_own_key(folder, tmp_path, settings):
    """A key and chain as an operator would bring them: made here by another authority."""
    settings.KEYS_DIR = tmp_path / "given"
    held, root = authority.leaf(), authority.root()
    settings.KEYS_DIR = tmp_path / "keys"
    path, chain = tmp_path / "given.p12", tmp_path / "chain.pem"
    secret = serialization.BestAvailableEncryption(b"secret")
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"report", held.key, held.certificate, None, secret))
    chain.write_bytes(root.certificate.public_bytes(Encoding.PEM))
    password = tmp_path / "password"
    password.write_text("secret\n")
    environ = {"FACSWEB_SIGNING_P12": str(path), "FACSWEB_SIGNING_P12_PASSWORD_FILE": str(password)}
    found = signing.identity(environ | {"FACSWEB_SIGNING_CHAIN": str(chain)})
    assert found.given
    assert found.fingerprint == held.fingerprint
    assert len(found.roots) == 1
    assert not folder.exists()  # no key of our own beside it
    with pytest.raises(signing.SigningError, match="password is wrong"):
        signing.identity({"FACSWEB_SIGNING_P12": str(path), "FACSWEB_SIGNING_P12_PASSWORD": "guess"})
    with pytest.raises(signing.SigningError, match="does not exist"):
        signing.identity({"FACSWEB_SIGNING_P12": str(tmp_path / "nowhere.p12")})
    with pytest.raises(signing.SigningError, match="no certificates"):
        signing.identity(environ | {"FACSWEB_SIGNING_CHAIN": str(path)})


@pytest.mark.django_db
def test_the_file_carries_what_a_reader_needs_later(pdf):
    store = DocumentSecurityStore.read_dss(PdfFileReader(io.BytesIO(pdf)))
    assert len(store.crls) == 1
    subjects = {one.subject.native["common_name"] for one in store.load_certs()}
    assert any(name.startswith("Root") for name in subjects)
    (found,) = verify_pdf(pdf).signatures
    assert found.ltv.startswith("In part")  # no time stamp of somebody else
    assert found.trusted
    assert found.bottom_line


@pytest.mark.django_db
def test_a_key_revoked_later_is_said_and_the_bytes_are_still_judged(pdf):
    used = authority.leaf().certificate.serial_number
    authority.revoke(used)
    try:
        found = verify_pdf(pdf)
        assert found.signatures[0].revoked
        assert any("revoked later" in sentence for sentence in found.sentences)
    finally:  # the test run's one authority goes on
        (authority.folder() / authority.REVOKED_FILE).unlink()
        (authority.folder() / authority.CRL_FILE).unlink()


@pytest.mark.django_db
def test_offline_with_the_root_alone(pdf, tmp_path, capsys, client):
    report, root = tmp_path / "report.pdf", tmp_path / "root.cer"
    report.write_bytes(pdf)
    root.write_bytes(client.get("/verify/root.cer").content)
    assert offline([str(report), "--root", str(root)]) == 0
    out = capsys.readouterr().out
    assert "The signature is judged VALID" in out
    assert "VALID: all signatures hold." in out
    changed = bytearray(pdf)
    changed[3000] ^= 1
    report.write_bytes(changed)
    assert offline([str(report), "--root", str(root)]) == 1
    report.write_bytes(pdf + b"\n% more")
    assert offline([str(report), "--root", str(root)]) == 1
    report.write_bytes(b"no pdf")
    assert offline([str(report), "--root", str(root)]) == 1
    assert "NOT VALID" in capsys.readouterr().out


@pytest.mark.django_db
def test_another_installations_root_does_not_do(pdf, tmp_path, settings, capsys):
    report, root = tmp_path / "report.pdf", tmp_path / "root.pem"
    report.write_bytes(pdf)
    settings.KEYS_DIR = tmp_path / "other"
    root.write_bytes(authority.root().certificate.public_bytes(Encoding.PEM))
    assert offline([str(report), "--root", str(root)]) == 1


@pytest.mark.django_db
def test_the_old_self_signed_key_goes_on_verifying(sign_off, settings, tmp_path):
    """As installations made it before they had an authority: self-signed, in a folder of its own."""
    held = authority.root()  # any self-signed pair will do, but it must be fit to sign
    key = held.key
    name, now = held.certificate.subject, dt.datetime.now(dt.UTC)
    usage = dict.fromkeys(["key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign"], False)
    usage |= dict.fromkeys(("crl_sign", "encipher_only", "decipher_only"), False)
    own = x509.CertificateBuilder(name, name, key.public_key(), 7, now, now + dt.timedelta(days=9))
    own = own.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    own = own.add_extension(x509.KeyUsage(True, True, **usage), critical=True)
    certificate = own.sign(key, held.certificate.signature_hash_algorithm)
    old = settings.KEYS_DIR / "old-installation"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signing, "OLD_KEY_FOLDER", old.name)
        old.mkdir()
        (old / signing.OLD_CERTIFICATE).write_bytes(certificate.public_bytes(Encoding.PEM))
        who = signing._of_authority(held, authority.Held(old, key, certificate), ())
        who = signing.Identity(who.signer, given=False)
        unsigned = document.typeset(sign_off.content, sign_off.content_sha256)
        pdf, fingerprint = signing.seal(unsigned, name="Coder Person", reason="x", who=who)
        assert fingerprint == signing.old_fingerprint()
        found = verify_pdf(pdf)
        assert found.headline == "This file is not the one that was issued."  # ours, though never stored
        assert found.authority == "A certificate of this installation"
        assert found.signatures[0].bottom_line


def test_a_lost_root_key_takes_neither_the_list_nor_the_check_away(pdf, folder_of, client, caplog):
    (folder_of / "root" / authority.KEY_FILE).rename(folder_of / "elsewhere.pem")
    before = (folder_of / authority.CRL_FILE).read_bytes()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(authority, "CRL_RENEWED", dt.timedelta(seconds=-1))
        assert authority.revocation_list() == before  # it cannot be signed again, and is good for a year
        answer = client.get(f"/verify/{authority.CRL_FILE}")
        assert (answer.status_code, answer.content) == (200, before)
        assert verify_pdf(pdf).verdict == "good"
    (folder_of / authority.CRL_FILE).unlink()
    assert client.get(f"/verify/{authority.CRL_FILE}").status_code == 404
    assert "restore" in caplog.text


@pytest.fixture
def folder_of(settings):
    """The folder of the authority that signed; everything in it is put back afterwards."""
    import shutil

    place = authority.folder()
    kept = place.with_name("authority-kept")
    shutil.copytree(place, kept)
    yield place
    shutil.rmtree(place)
    kept.rename(place)


def test_trouble_of_this_installation_is_not_told_as_a_damaged_file(pdf, folder_of, monkeypatch, client):
    monkeypatch.setenv("FACSWEB_TSA_ROOTS", "/nowhere.pem")
    assert verify_pdf(pdf).verdict == "good"  # it has no time stamp that would need them
    monkeypatch.delenv("FACSWEB_TSA_ROOTS")
    (folder_of / "root" / authority.CERTIFICATE_FILE).write_text("nonsense")
    found = verify_pdf(pdf)
    assert (found.verdict, found.headline) == ("attention", "This file cannot be checked here at the moment.")
    assert client.get("/verify/").status_code == 200
    assert client.get("/verify/root.cer").status_code == 404


def test_keys_that_were_taken_away_still_prove_the_anchors_they_signed(folder):
    from facsweb.reports import anchoring

    first = signing.own().fingerprint
    (authority.leaf().folder / authority.KEY_FILE).unlink()  # it signs no more; its certificate stays
    second = authority.rotate().fingerprint
    assert {first, second} <= anchoring.certificates()


def test_an_operators_key_that_is_away_does_not_end_the_check_of_the_log(folder, monkeypatch, tmp_path):
    from facsweb.reports import anchoring

    own = signing.own().fingerprint
    monkeypatch.setenv("FACSWEB_SIGNING_P12", str(tmp_path / "away.p12"))
    assert own in anchoring.certificates()


def test_a_tokens_key_is_known_to_the_check_of_the_log(folder, monkeypatch):
    """The token itself is in test_token; here stands in its place what it gives: a signer with a certificate."""
    from facsweb.reports import anchoring, token

    signer = signing.own().signer
    monkeypatch.setenv("FACSWEB_PKCS11_MODULE", "/usr/lib/token.so")
    monkeypatch.setattr(token, "signer", lambda environ, pin: signer)
    monkeypatch.setattr(authority, "fingerprints", set)
    assert anchoring.certificates() == {signing.own().fingerprint}


@pytest.mark.parametrize("chained", [True, False])
def test_an_operators_certificate_that_ended_signs_nothing_and_says_so(folder, tmp_path, settings, chained):
    settings.KEYS_DIR = tmp_path / "given"
    held, root = authority.leaf(), authority.root()
    settings.KEYS_DIR = tmp_path / "keys"
    now = dt.datetime.now(dt.UTC)
    ended = (
        x509.CertificateBuilder()
        .subject_name(held.certificate.subject)
        .issuer_name(root.certificate.subject)
        .public_key(held.key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=30))
        .not_valid_after(now - dt.timedelta(days=1))
        .sign(root.key, hashes.SHA256())
    )
    path, chain = tmp_path / "given.p12", tmp_path / "chain.pem"
    plain = serialization.NoEncryption()
    path.write_bytes(pkcs12.serialize_key_and_certificates(b"report", held.key, ended, None, plain))
    chain.write_bytes(root.certificate.public_bytes(Encoding.PEM))
    environ = {"FACSWEB_SIGNING_P12": str(path)} | ({"FACSWEB_SIGNING_CHAIN": str(chain)} if chained else {})
    with pytest.raises(signing.SigningError, match=f"ended on {now - dt.timedelta(days=1):%Y-%m-%d}"):
        signing.identity(environ)
