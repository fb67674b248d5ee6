"""A certificate authority of the tests' own, made with the openssl program: names, keys, and what is
wrong with some."""

import ssl
import subprocess


class Authority:
    def __init__(self, folder):
        self.revoked = set()
        self.home = folder.make("certificates")
        self.ca = self.home / "ca.pem"
        self.ca_key = self.home / "ca.key"
        self._openssl("req", "-x509", *KEY, "-nodes", "-keyout", self.ca_key, "-out", self.ca, "-days",
                      "30", "-subj", "/CN=the tests' authority")
        (self.home / "index.txt").touch()
        (self.home / "number").write_text("01\n")
        self.config = self.home / "ca.cnf"
        self.config.write_text(f"""
[ca]
default_ca = it
[it]
database = {self.home}/index.txt
serial = {self.home}/number
crlnumber = {self.home}/number
new_certs_dir = {self.home}
private_key = {self.ca_key}
certificate = {self.ca}
default_md = sha256
default_days = 30
default_crl_days = 30
policy = any
unique_subject = no
copy_extensions = copy
[any]
commonName = supplied
""")

    def _openssl(self, *words):
        done = subprocess.run(["openssl", *map(str, words)], capture_output=True, text=True,
                              cwd=self.home)
        assert done.returncode == 0, done.stderr

    def issue(self, name, *alternatives):
        """A PEM file with certificate and key for these names."""
        path = self.home / f"{name}.pem"
        if path.exists():
            return path
        key, request, certificate = (self.home / f"{name}.{end}" for end in ("key", "csr", "crt"))
        names = ",".join(f"DNS:{one}" for one in alternatives or [name])
        self._openssl("req", "-new", *KEY, "-nodes", "-keyout", key, "-out", request, "-subj",
                      f"/CN={name}", "-addext", f"subjectAltName={names}")
        self._openssl("ca", "-config", self.config, "-batch", "-notext", "-in", request, "-out",
                      certificate)
        path.write_text(certificate.read_text() + key.read_text())
        key.unlink()  # `crt FILE` would find FILE.key, a key alone is not needed
        return path

    def revoke(self, name):
        if name in self.revoked:
            return
        self.revoked.add(name)
        self._openssl("ca", "-config", self.config, "-revoke", self.home / f"{name}.crt")

    def revocations(self):
        path = self.home / "crl.pem"
        self._openssl("ca", "-config", self.config, "-gencrl", "-out", path)
        return path

    def server(self, name, *alternatives, ask=False, version=None):
        """What a TLS server of the tests speaks with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.issue(name, *alternatives))
        if version:
            context.minimum_version = context.maximum_version = version
        if ask:
            context.load_verify_locations(self.ca)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def client(self, own=None):
        context = ssl.create_default_context(cafile=self.ca)
        if own:
            context.load_cert_chain(self.issue(own))
        return context


KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256")
