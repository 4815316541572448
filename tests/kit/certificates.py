"""Certificates of a test authority, made by the openssl program: good, expired, misnamed, alien."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from tests.kit.process import find_program

_CONFIG = """
[ca]
default_ca = test
[test]
database = {folder}/index.txt
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
[req]
distinguished_name = name
prompt = no
[name]
CN = opsdash test
[authority]
basicConstraints = critical, CA:true
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
[here]
subjectAltName = IP:127.0.0.1, DNS:localhost
extendedKeyUsage = serverAuth
[elsewhere]
subjectAltName = DNS:elsewhere.example
extendedKeyUsage = serverAuth
[client]
extendedKeyUsage = clientAuth
"""


@dataclass(frozen=True, slots=True)
class Pair:
    """A certificate and its private key, both PEM."""

    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Certificates:
    """The authority `ca` signed all but `self_signed` and `alien_client`."""

    ca: Path
    good: Pair
    expired: Pair
    wrong_host: Pair
    self_signed: Pair
    client: Pair
    alien_client: Pair


def make_certificates(folder: Path) -> Certificates:
    """Make an authority and its certificates in `folder`; raise ServerMissingError without openssl."""
    openssl = find_program("openssl", "openssl")
    config = folder / "openssl.cnf"
    config.write_text(_CONFIG.format(folder=folder))
    (folder / "index.txt").touch()
    (folder / "serial").write_text("01\n")

    def run(*arguments: str) -> None:
        done = subprocess.run([openssl, *arguments], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"openssl {' '.join(arguments)}\n{done.stderr}"

    def self_sign(name: str, section: str) -> Pair:
        pair = Pair(folder / f"{name}.pem", folder / f"{name}.key")
        run(
            *("req", "-config", str(config), "-x509", "-newkey", "ec", "-nodes"),
            *("-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", f"/CN={name}", "-days", "3650"),
            *("-extensions", section, "-keyout", str(pair.key), "-out", str(pair.certificate)),
        )
        return pair

    authority = self_sign("authority", "authority")

    def sign(name: str, section: str, start: str, end: str) -> Pair:
        pair = Pair(folder / f"{name}.pem", folder / f"{name}.key")
        request = folder / f"{name}.csr"
        run(
            *("req", "-config", str(config), "-newkey", "ec", "-nodes"),
            *("-pkeyopt", "ec_paramgen_curve:prime256v1", "-subj", f"/CN={name}"),
            *("-keyout", str(pair.key), "-out", str(request)),
        )
        run(
            *("ca", "-config", str(config), "-batch", "-notext", "-extensions", section),
            *("-cert", str(authority.certificate), "-keyfile", str(authority.key)),
            *("-startdate", start, "-enddate", end),
            *("-in", str(request), "-out", str(pair.certificate)),
        )
        return pair

    past, future = "20200101000000Z", "20991231235959Z"
    return Certificates(
        ca=authority.certificate,
        good=sign("good", "here", past, future),
        expired=sign("expired", "here", past, "20200102000000Z"),
        wrong_host=sign("elsewhere", "elsewhere", past, future),
        self_signed=self_sign("self-signed", "here"),
        client=sign("client", "client", past, future),
        alien_client=self_sign("alien-client", "client"),
    )
