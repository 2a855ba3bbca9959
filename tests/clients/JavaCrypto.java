// Usage: java JavaCrypto.java CONFIGURATION PIN-FILE STEP ARGUMENT...
//
// What Java's programs do with a token besides signing, SunPKCS11 first in the list of providers, as
// administrators of servers put it:
//
//   unwrap ALIAS WRAPPED IV CRYPTOGRAM  an AES key under the token's RSA key; what it encrypted (CBC)
//   decrypt ALIAS WRAPPED               Cipher.doFinal with the RSA key, in hexadecimal
//   agree ALIAS PEER                    ECDH with the token's key, in hexadecimal; PEER: DER
//   get PORT CA                         a TLS client that trusts the CA: the first line of the answer
//   serve PORT ALIAS                    a TLS server for one client, its key on the token
import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.Provider;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.spec.X509EncodedKeySpec;
import java.util.HexFormat;
import javax.crypto.Cipher;
import javax.crypto.KeyAgreement;
import javax.crypto.SecretKey;
import javax.crypto.spec.IvParameterSpec;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;

class JavaCrypto {
  static Provider provider;
  static char[] pin;

  static KeyStore token() throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS11", provider);
    store.load(null, pin);
    return store;
  }

  static void unwrap(String alias, String wrapped, String iv, String cryptogram) throws Exception {
    Cipher rsa = Cipher.getInstance("RSA/ECB/PKCS1Padding", provider);
    rsa.init(Cipher.UNWRAP_MODE, token().getKey(alias, null));
    SecretKey key =
        (SecretKey) rsa.unwrap(Files.readAllBytes(Path.of(wrapped)), "AES", Cipher.SECRET_KEY);
    Cipher aes = Cipher.getInstance("AES/CBC/PKCS5Padding");
    aes.init(Cipher.DECRYPT_MODE, key, new IvParameterSpec(Files.readAllBytes(Path.of(iv))));
    System.out.write(aes.doFinal(Files.readAllBytes(Path.of(cryptogram))));
    System.out.flush();
  }

  static void decrypt(String alias, String wrapped) throws Exception {
    Cipher rsa = Cipher.getInstance("RSA/ECB/PKCS1Padding", provider);
    rsa.init(Cipher.DECRYPT_MODE, token().getKey(alias, null));
    byte[] plain = rsa.doFinal(Files.readAllBytes(Path.of(wrapped)));
    System.out.println(HexFormat.of().formatHex(plain));
  }

  static void agree(String alias, String peer) throws Exception {
    PublicKey other =
        KeyFactory.getInstance("EC", "SunEC")
            .generatePublic(new X509EncodedKeySpec(Files.readAllBytes(Path.of(peer))));
    KeyAgreement agreement = KeyAgreement.getInstance("ECDH", provider);
    agreement.init(token().getKey(alias, null));
    agreement.doPhase(other, true);
    System.out.println(HexFormat.of().formatHex(agreement.generateSecret()));
  }

  static void get(String port, String ca) throws Exception {
    KeyStore trusted = KeyStore.getInstance("PKCS12");
    trusted.load(null, null);
    try (FileInputStream pem = new FileInputStream(ca)) {
      trusted.setCertificateEntry(
          "ca", CertificateFactory.getInstance("X.509").generateCertificate(pem));
    }
    TrustManagerFactory trust = TrustManagerFactory.getInstance("PKIX");
    trust.init(trusted);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), new SecureRandom());
    try (SSLSocket socket =
        (SSLSocket)
            context.getSocketFactory().createSocket("localhost", Integer.parseInt(port))) {
      socket.getOutputStream().write("GET / HTTP/1.0\r\n\r\n".getBytes());
      System.out.println(
          new BufferedReader(new InputStreamReader(socket.getInputStream())).readLine());
    }
  }

  static void serve(String port) throws Exception {
    KeyManagerFactory keys = KeyManagerFactory.getInstance("NewSunX509");
    keys.init(
        new javax.net.ssl.KeyStoreBuilderParameters(
            KeyStore.Builder.newInstance(
                "PKCS11", provider, new KeyStore.PasswordProtection(pin))));
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(keys.getKeyManagers(), null, new SecureRandom());
    try (SSLServerSocket server =
        (SSLServerSocket)
            context.getServerSocketFactory().createServerSocket(Integer.parseInt(port))) {
      System.out.println("ready");
      try (SSLSocket client = (SSLSocket) server.accept()) {
        client.getOutputStream().write("HTTP/1.0 200 OK\r\n\r\nserved\r\n".getBytes());
      }
    }
  }

  public static void main(String[] args) throws Exception {
    provider = Security.getProvider("SunPKCS11").configure(args[0]);
    Security.insertProviderAt(provider, 1);
    pin = Files.readString(Path.of(args[1])).strip().toCharArray();
    switch (args[2]) {
      case "unwrap" -> unwrap(args[3], args[4], args[5], args[6]);
      case "decrypt" -> decrypt(args[3], args[4]);
      case "agree" -> agree(args[3], args[4]);
      case "get" -> get(args[3], args[4]);
      case "serve" -> serve(args[3]);
      default -> throw new IllegalArgumentException(args[2]);
    }
    System.exit(0); // SunPKCS11's threads would keep it running
  }
}
