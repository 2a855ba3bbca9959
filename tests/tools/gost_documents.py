"""Signed documents as the CA's software makes them, CMS and XML, and the other side's look at kilt's."""
import base64
import datetime
import hashlib
import re
import subprocess

from asn1 import der, dotted, from_file, integer, items, octets, oid, read, seq, set_of, utc
from gost_arithmetic import MORE
from gost_keys import Key, fields, public_of

# --- CMS ---------------------------------------------------------------------------------------------

DATA, SIGNED_DATA = "1.2.840.113549.1.7.1", "1.2.840.113549.1.7.2"


def attribute(kind, value):
    return seq(oid(kind), der(0x31, value))


def cms_of(key, content, detached, kind=DATA, extra=()):
    attributes = [
        attribute("1.2.840.113549.1.9.3", oid(kind)),
        attribute("1.2.840.113549.1.9.5", utc(datetime.datetime.utcnow())),
        attribute("1.2.840.113549.1.9.4", octets(key.curve.hash(content))),
    ]
    digest = seq(oid(key.curve.hash_oid), der(0x05))
    own = fields(key.certificate)
    signer = seq(
        integer(1),
        seq(own["issuer"], own["serial"]),
        digest,
        set_of(0xA0, *attributes),
        key.algorithm(),
        octets(key.sign(set_of(0x31, *attributes))),
        *extra,
    )
    inside = b"" if detached else der(0xA0, octets(content))
    body = seq(
        integer(1),
        der(0x31, digest),
        seq(oid(kind), inside),
        der(0xA0, key.certificate),
        der(0x31, signer),
    )
    return seq(oid(SIGNED_DATA), der(0xA0, body))


def make_cms(arguments):
    content = open(arguments.content, "rb").read()
    made = cms_of(Key.load(arguments.signer), content, arguments.detached)
    open(arguments.out, "wb").write(made)


def check_cms(arguments):
    """Verifies every signature of a CMS of the CA's form over the content."""
    content = open(arguments.content, "rb").read()
    body = items(read(items(read(from_file(arguments.cms))[1])[1][1])[1])
    certificates = [one[2] for one in items(next(part[1] for part in body if part[0] == 0xA0))]
    for signer in items(body[-1][1]):
        part = items(signer[1])
        issuer, serial = items(part[1][1])
        own = next(
            one
            for one in certificates
            if fields(one)["issuer"] == issuer[2] and fields(one)["serial"] == serial[2]
        )
        curve, point = public_of(fields(own)["spki"])
        assert dotted(items(part[2][1])[0][1]) == curve.hash_oid, "digest algorithm"
        assert part[4][2] == seq(oid(curve.signature_oid), der(0x05)), "signature algorithm"
        digest = octets(curve.hash(content))
        wanted = attribute("1.2.840.113549.1.9.4", digest)
        assert wanted in [one[2] for one in items(part[3][1])], "messageDigest"
        assert curve.verify(point, der(0x31, part[3][1]), part[5][1]), "signature"
    print("fits")


def check_raw(arguments):
    """Verifies a bare signature, r || s, over a file by a certificate's key."""
    curve, point = public_of(fields(from_file(arguments.certificate))["spki"])
    content = open(arguments.content, "rb").read()
    assert curve.verify(point, content, open(arguments.signature, "rb").read()), "signature"
    print("fits")


# --- XML ---------------------------------------------------------------------------------------------

DS = "http://www.w3.org/2000/09/xmldsig#"
C14N = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"


class RsaKey:
    """One in files of OpenSSL's, which signs."""

    digest_uri = "http://www.w3.org/2001/04/xmlenc#sha256"
    signature_uri = MORE + "rsa-sha256"
    curve = property(lambda self: self)

    def __init__(self, path):
        self.path, self.certificate = path, from_file(path + ".crt")

    def hash(self, data):
        return hashlib.sha256(data).digest()

    def sign(self, data):
        command = ["openssl", "dgst", "-sha256", "-sign", self.path + ".key"]
        return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def signature_element(key, digest, reference, broken):
    """A ds:Signature in canonical form, and what its value is made of."""
    line = "\n" if broken else ""

    def b64(data):
        text = base64.b64encode(data).decode()
        return "\n".join(text[i : i + 76] for i in range(0, len(text), 76)) if broken else text

    def empty(kind, algorithm):
        return f'<ds:{kind} Algorithm="{algorithm}"></ds:{kind}>{line}'

    form = EXCLUSIVE if reference else C14N
    transforms = "" if reference else empty("Transform", DS + "enveloped-signature")
    transforms += empty("Transform", C14N + "#WithComments")
    info = (
        f">{line}{empty('CanonicalizationMethod', form)}"
        f"{empty('SignatureMethod', key.curve.signature_uri)}"
        f'<ds:Reference URI="{reference}">{line}<ds:Transforms>{line}{transforms}</ds:Transforms>{line}'
        f"{empty('DigestMethod', key.curve.digest_uri)}"
        f"<ds:DigestValue>{b64(digest)}</ds:DigestValue>{line}</ds:Reference>{line}</ds:SignedInfo>"
    )
    value = key.sign(f'<ds:SignedInfo xmlns:ds="{DS}"{info}'.encode())
    return (
        f'<ds:Signature xmlns:ds="{DS}">{line}<ds:SignedInfo{info}{line}'
        f"<ds:SignatureValue>{line}{b64(value)}{line}</ds:SignatureValue>{line}<ds:KeyInfo>{line}"
        f"<ds:X509Data>{line}<ds:X509Certificate>{line}{b64(key.certificate)}{line}"
        f"</ds:X509Certificate>{line}</ds:X509Data>{line}</ds:KeyInfo>{line}</ds:Signature>"
    )


def make_xml(arguments):
    """Signs a document that is in canonical form already, at the end of its root element."""
    key = RsaKey(arguments.rsa) if arguments.rsa else Key.load(arguments.signer)
    document = open(arguments.document, encoding="utf-8").read()
    target, reference = document, ""
    if arguments.id:
        reference = "#" + arguments.id
        target = re.search(rf'<(\w+) Id="{arguments.id}".*?</\1>', document, re.S)[0]
    digest = key.curve.hash(target.encode())
    element = signature_element(key, digest, reference, arguments.broken)
    end = document.rindex("</")
    open(arguments.out, "w", encoding="utf-8").write(document[:end] + element + document[end:])


def check_xml(arguments):
    """Verifies the signature at the end of a signed XML, of the compact form, over the document, which is in
    canonical form already."""
    text = open(arguments.xml, encoding="utf-8").read()
    document = open(arguments.document, encoding="utf-8").read()
    found = re.fullmatch(
        r'(?:<\?xml [^>]*\?>)?(.*)<ds:Signature xmlns:ds="' + DS + r'">'
        r"<ds:SignedInfo>(.*)</ds:SignedInfo><ds:SignatureValue>([^<]*)</ds:SignatureValue>"
        r"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>([^<]*)</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
        r"</ds:Signature>(.*)",
        text.rstrip("\n"),
        re.S,
    )
    assert found, "form"
    before, info, value, own, after = found.groups()
    assert before + after == document and after == document[document.rindex("</") :], "the document is another"
    curve, point = public_of(fields(base64.b64decode(own))["spki"])
    canonical = re.sub(r"<(ds:\w+)([^<>]*)/>", r"<\1\2></\1>", info)
    wanted = base64.b64encode(curve.hash(document.encode())).decode()
    expected = [
        f'<ds:CanonicalizationMethod Algorithm="{C14N}">',
        f'<ds:SignatureMethod Algorithm="{curve.signature_uri}">',
        '<ds:Reference URI="">',
        f'<ds:Transform Algorithm="{DS}enveloped-signature">',
        f'<ds:Transform Algorithm="{C14N}#WithComments">',
        f'<ds:DigestMethod Algorithm="{curve.digest_uri}">',
        f"<ds:DigestValue>{wanted}</ds:DigestValue>",
    ]
    for part in expected:
        assert canonical.count(part) == 1, part
    signed = f'<ds:SignedInfo xmlns:ds="{DS}">{canonical}</ds:SignedInfo>'
    assert curve.verify(point, signed.encode(), base64.b64decode(value)), "signature"
    print("fits")
