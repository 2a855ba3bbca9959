// Writing objects through a foreign module: what each method throws is what the module's return
// value stands for, see check().
#pragma once

#include "drivers/delegate/objects.h"

namespace kilt::delegate {

/// Lives for one operation.
class Writer {
 public:
  Writer(const Module& module, CK_SESSION_HANDLE session, TokenObjects& objects)
      : module_(&module), session_(session), objects_(&objects) {}

  ObjectRef generate_key(const KeySpec& spec);
  ObjectRef import_key(const KeySpec& spec, const RsaPrivateKey& key);
  ObjectRef write_certificate(const Certificate& certificate, BytesView der);
  ObjectRef write_data(const DataObject& object, BytesView value);
  /// A new id goes to the key's certificates as well (design decision 18).
  void change_key(const ObjectRef& ref, const ObjectChange& what);
  void change_certificate(const ObjectRef& ref, const ObjectChange& what);
  void change_data(const ObjectRef& ref, const ObjectChange& what);
  void delete_key(const ObjectRef& ref, KeyHalf half);
  void delete_certificate(const ObjectRef& ref);
  void delete_data(const ObjectRef& ref);

 private:
  CK_OBJECT_HANDLE create(Template& attributes);
  void change(CK_OBJECT_HANDLE object, const ObjectChange& what);
  void destroy(CK_OBJECT_HANDLE object);

  const Module* module_;
  CK_SESSION_HANDLE session_;
  TokenObjects* objects_;
};

}  // namespace kilt::delegate
