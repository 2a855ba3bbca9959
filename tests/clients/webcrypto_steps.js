// Usage: node webcrypto_steps.js MODULE PIN ID FOLDER STEP
//
// One step of the script webcrypto: aes, hmac, unwrap, sign, store, generate. The key is that with
// CKA_ID; files are in FOLDER.
"use strict";
const fs = require("fs");
const path = require("path");
const { webcrypto } = require("crypto");
const { Crypto } = require("node-webcrypto-p11");

const [library, pin, keyId, folder, step] = process.argv.slice(2);
const token = new Crypto({ library, name: "Kilt", slot: 0, readWrite: true, pin });
const file = (name) => path.join(folder, name);
const read = (name) => fs.readFileSync(file(name));
const rsa = (name) => ({ name, hash: "SHA-256" });
const same = (a, b, what) => {
  if (!Buffer.from(a).equals(Buffer.from(b))) throw new Error(`${what}: another value`);
};
const ofToken = async (algorithm, usages) => {
  for (const name of await token.keyStorage.keys())
    if (name.startsWith("private") && name.endsWith(keyId.toLowerCase()))
      return token.keyStorage.getItem(name, algorithm, false, usages);
  throw new Error("the key is not found");
};

const steps = {
  aes: async () => {
    const value = webcrypto.getRandomValues(new Uint8Array(32));
    const text = Buffer.from("a text of some length, and some more of it");
    for (const algorithm of [
      { name: "AES-CBC", iv: webcrypto.getRandomValues(new Uint8Array(16)) },
      { name: "AES-GCM", iv: webcrypto.getRandomValues(new Uint8Array(12)), tagLength: 128 },
    ]) {
      const uses = ["encrypt", "decrypt"];
      const own = await token.subtle.importKey("raw", value, algorithm.name, true, uses);
      const other = await webcrypto.subtle.importKey("raw", value, algorithm.name, true, uses);
      const encrypted = await token.subtle.encrypt(algorithm, own, text);
      same(encrypted, await webcrypto.subtle.encrypt(algorithm, other, text), algorithm.name);
      same(await token.subtle.decrypt(algorithm, own, encrypted), text, algorithm.name);
      same(await token.subtle.exportKey("raw", own), value, "the key");
      const made = await token.subtle.generateKey({ name: algorithm.name, length: 256 }, true, uses);
      if ((await token.subtle.exportKey("raw", made)).byteLength !== 32) throw new Error("length");
    }
  },
  hmac: async () => {
    const value = webcrypto.getRandomValues(new Uint8Array(32));
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const text = Buffer.from("a text");
    const own = await token.subtle.importKey("raw", value, algorithm, true, ["sign", "verify"]);
    const other = await webcrypto.subtle.importKey("raw", value, algorithm, true, ["sign"]);
    const code = await token.subtle.sign("HMAC", own, text);
    same(code, await webcrypto.subtle.sign("HMAC", other, text), "HMAC");
    if (!(await token.subtle.verify("HMAC", own, code, text))) throw new Error("not verified");
  },
  // `wrapped`: an AES key under the token's RSA key, by OpenSSL with OAEP; `cryptogram`: AES-CBC.
  unwrap: async () => {
    const key = await ofToken({ name: "RSA-OAEP", hash: "SHA-1" }, ["decrypt", "unwrapKey"]);
    const aes = await token.subtle.unwrapKey("raw", read("wrapped"), key, { name: "RSA-OAEP" },
      { name: "AES-CBC", length: 256 }, true, ["encrypt", "decrypt"]);
    const plain = await token.subtle.decrypt({ name: "AES-CBC", iv: read("iv") }, aes, read("cryptogram"));
    same(plain, read("text"), "the text");
  },
  sign: async () => {
    const key = await ofToken(rsa("RSASSA-PKCS1-v1_5"), ["sign"]);
    fs.writeFileSync(file("signature"), Buffer.from(await token.subtle.sign(key.algorithm, key, read("key.crt"))));
  },
  // A certificate of a session is copied to the token, found there and removed.
  store: async () => {
    const der = read("new.crt.der");
    const certificate = await token.certStorage.importCert("raw", der, rsa("RSASSA-PKCS1-v1_5"), ["verify"]);
    const name = await token.certStorage.setItem(certificate);
    if (!(await token.certStorage.keys()).includes(name)) throw new Error("it is not there");
    const stored = await token.certStorage.getItem(name, rsa("RSASSA-PKCS1-v1_5"), ["verify"]);
    same(await token.certStorage.exportCert("raw", stored), der, "the certificate");
    await token.certStorage.removeItem(name);
    if ((await token.certStorage.keys()).includes(name)) throw new Error("it is still there");
  },
  generate: async () => {
    const algorithm = { ...rsa("RSASSA-PKCS1-v1_5"), modulusLength: 2048,
      publicExponent: new Uint8Array([1, 0, 1]), token: true, sensitive: true, label: "webcrypto" };
    const before = await token.keyStorage.keys();
    const pair = await token.subtle.generateKey(algorithm, false, ["sign", "verify"]);
    const text = Buffer.from("a text");
    const signature = await token.subtle.sign("RSASSA-PKCS1-v1_5", pair.privateKey, text);
    const spki = await token.subtle.exportKey("spki", pair.publicKey);
    const other = await webcrypto.subtle.importKey("spki", spki, rsa("RSASSA-PKCS1-v1_5"), true, ["verify"]);
    if (!(await webcrypto.subtle.verify("RSASSA-PKCS1-v1_5", other, signature, text))) throw new Error("not verified");
    const made = (await token.keyStorage.keys()).filter((name) => !before.includes(name));
    if (made.length !== 2) throw new Error(`${made.length} new objects`);
    for (const name of made.sort()) await token.keyStorage.removeItem(name);
  },
};

steps[step]().then(
  () => token.close(),
  (error) => {
    console.error(error);
    process.exitCode = 1;
    token.close();
  });
