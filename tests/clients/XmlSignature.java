// Usage: java XmlSignature.java CONFIGURATION ALIAS PIN-FILE DOCUMENT SIGNED
//
// An enveloped XML signature (XML-DSig) as electronic government portals ask for: the key and the
// certificate from SunPKCS11, SHA-256, exclusive canonicalization, the certificate in KeyInfo.
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Provider;
import java.security.Security;
import java.security.cert.X509Certificate;
import java.util.List;
import javax.xml.crypto.dsig.CanonicalizationMethod;
import javax.xml.crypto.dsig.DigestMethod;
import javax.xml.crypto.dsig.SignedInfo;
import javax.xml.crypto.dsig.Transform;
import javax.xml.crypto.dsig.XMLSignatureFactory;
import javax.xml.crypto.dsig.dom.DOMSignContext;
import javax.xml.crypto.dsig.keyinfo.KeyInfo;
import javax.xml.crypto.dsig.keyinfo.KeyInfoFactory;
import javax.xml.crypto.dsig.spec.C14NMethodParameterSpec;
import javax.xml.crypto.dsig.spec.TransformParameterSpec;
import javax.xml.parsers.DocumentBuilderFactory;
import javax.xml.transform.TransformerFactory;
import javax.xml.transform.dom.DOMSource;
import javax.xml.transform.stream.StreamResult;
import org.w3c.dom.Document;

class XmlSignature {
  public static void main(String[] args) throws Exception {
    Provider provider = Security.getProvider("SunPKCS11").configure(args[0]);
    Security.addProvider(provider);
    KeyStore store = KeyStore.getInstance("PKCS11", provider);
    store.load(null, Files.readString(Path.of(args[2])).strip().toCharArray());
    PrivateKey key = (PrivateKey) store.getKey(args[1], null);
    X509Certificate certificate = (X509Certificate) store.getCertificate(args[1]);

    DocumentBuilderFactory builders = DocumentBuilderFactory.newInstance();
    builders.setNamespaceAware(true);
    Document document = builders.newDocumentBuilder().parse(new File(args[3]));

    XMLSignatureFactory factory = XMLSignatureFactory.getInstance("DOM");
    List<Transform> transforms =
        List.of(
            factory.newTransform(Transform.ENVELOPED, (TransformParameterSpec) null),
            factory.newTransform(
                CanonicalizationMethod.EXCLUSIVE, (C14NMethodParameterSpec) null));
    String method =
        "http://www.w3.org/2001/04/xmldsig-more#"
            + (key.getAlgorithm().equals("EC") ? "ecdsa-sha256" : "rsa-sha256");
    SignedInfo info =
        factory.newSignedInfo(
            factory.newCanonicalizationMethod(
                CanonicalizationMethod.EXCLUSIVE, (C14NMethodParameterSpec) null),
            factory.newSignatureMethod(method, null),
            List.of(
                factory.newReference(
                    "", factory.newDigestMethod(DigestMethod.SHA256, null), transforms, null, null)));
    KeyInfoFactory infos = factory.getKeyInfoFactory();
    KeyInfo keyInfo = infos.newKeyInfo(List.of(infos.newX509Data(List.of(certificate))));
    factory
        .newXMLSignature(info, keyInfo)
        .sign(new DOMSignContext(key, document.getDocumentElement()));
    TransformerFactory.newInstance()
        .newTransformer()
        .transform(new DOMSource(document), new StreamResult(new File(args[4])));
  }
}
