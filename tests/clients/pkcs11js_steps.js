// Usage: node pkcs11js_steps.js MODULE PIN ID FOLDER STEP
//
// One step of the script pkcs11js: list, certificates, sign, import, generate, wrong-pin. The key is
// that with CKA_ID; files are in FOLDER.
"use strict";
const crypto = require("crypto");
const fs = require("fs");
const path = require("path");
const pkcs11js = require("pkcs11js");

const [modulePath, pin, keyId, folder, step] = process.argv.slice(2);
const id = Buffer.from(keyId, "hex");
const p11 = new pkcs11js.PKCS11();
p11.load(modulePath);
p11.C_Initialize();
const slot = p11.C_GetSlotList(true)[0];

const open = () => p11.C_OpenSession(slot, pkcs11js.CKF_SERIAL_SESSION | pkcs11js.CKF_RW_SESSION);
const login = () => {
  const session = open();
  p11.C_Login(session, pkcs11js.CKU_USER, pin);
  return session;
};
const find = (session, template) => {
  p11.C_FindObjectsInit(session, template);
  const found = p11.C_FindObjects(session, 100);
  p11.C_FindObjectsFinal(session);
  return found;
};
const value = (session, object, type) => p11.C_GetAttributeValue(session, object, [{ type }])[0].value;
const ofClass = (kind) => ({ type: pkcs11js.CKA_CLASS, value: kind });
const sign = (session, key, mechanism, text) => {
  p11.C_SignInit(session, { mechanism }, key);
  return p11.C_Sign(session, text, Buffer.alloc(512));
};

const steps = {
  list: () => console.log(p11.C_GetTokenInfo(slot).label.trim()),
  certificates: () => {
    const session = open();
    for (const object of find(session, [ofClass(pkcs11js.CKO_CERTIFICATE)]))
      console.log(value(session, object, pkcs11js.CKA_LABEL).toString());
  },
  sign: () => {
    const session = login();
    const [key] = find(session, [
      ofClass(pkcs11js.CKO_PRIVATE_KEY),
      { type: pkcs11js.CKA_ID, value: id },
    ]);
    const text = fs.readFileSync(path.join(folder, "key.crt"));
    const type = value(session, key, pkcs11js.CKA_KEY_TYPE).readUInt8(0);
    const signature =
      type === pkcs11js.CKK_EC
        ? sign(session, key, pkcs11js.CKM_ECDSA, crypto.createHash("sha256").update(text).digest())
        : sign(session, key, pkcs11js.CKM_SHA256_RSA_PKCS, text);
    fs.writeFileSync(path.join(folder, "signature"), signature);
  },
  import: () => {
    const session = login();
    const der = fs.readFileSync(path.join(folder, "new.crt.der"));
    const object = p11.C_CreateObject(session, [
      ofClass(pkcs11js.CKO_CERTIFICATE),
      { type: pkcs11js.CKA_CERTIFICATE_TYPE, value: pkcs11js.CKC_X_509 },
      { type: pkcs11js.CKA_TOKEN, value: true },
      { type: pkcs11js.CKA_ID, value: id },
      { type: pkcs11js.CKA_LABEL, value: "imported" },
      { type: pkcs11js.CKA_VALUE, value: der },
    ]);
    if (!value(session, object, pkcs11js.CKA_VALUE).equals(der)) throw new Error("another value");
    if (!value(session, object, pkcs11js.CKA_ID).equals(id)) throw new Error("another id");
    p11.C_DestroyObject(session, object);
  },
  "wrong-pin": () => p11.C_Login(open(), pkcs11js.CKU_USER, "000000"),
};
try {
  steps[step]();
} finally {
  p11.C_Finalize();
}
