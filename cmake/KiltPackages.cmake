# Packages of what is installed, by the preset `package`: conf/packages/README.md.
set(CPACK_GENERATOR DEB)
find_program(KILT_RPMBUILD rpmbuild)
if(KILT_RPMBUILD AND NOT EXISTS /etc/debian_version)
  set(CPACK_GENERATOR RPM)
endif()
set(CPACK_PACKAGE_NAME kilt)
set(CPACK_PACKAGE_VENDOR "the Kilt developers")
set(CPACK_PACKAGE_CONTACT "the Kilt developers <maintainers@kilt.invalid>" CACHE STRING
    "Name and mail address that the packages carry; who hands them out puts his own")
set(CPACK_PACKAGE_VERSION ${PROJECT_VERSION})
set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
# The configuration is in /etc, whatever the prefix.
set(CPACK_SET_DESTDIR ON)
set(CPACK_COMPONENTS_ALL module tool bridge)
set(CPACK_RESOURCE_FILE_LICENSE ${PROJECT_SOURCE_DIR}/LICENSE)

set(CPACK_COMPONENT_MODULE_DESCRIPTION
  "PKCS#11 module for the tokens of Kazakhstan's certification authority\n\
 Firefox, OpenSSH, OpenSSL, Java and other programs use signature keys on\n\
 Kaztoken, eToken, JaCarta, aKey, the national ID card and in key files.")
set(CPACK_COMPONENT_TOOL_DESCRIPTION
  "care of signature tokens: PINs, keys, renewal, reminders\n\
 Lists tokens and key files, changes PINs, makes keys and certificate requests,\n\
 signs and verifies, and finds out why a token is not seen.")
set(CPACK_COMPONENT_BRIDGE_DESCRIPTION
  "signature keys for web sites of the certification authority and the state\n\
 Answers NCALayer's local protocol on top of any PKCS#11 module. A dialogue of\n\
 its own asks for consent and PIN; web pages see neither.")

set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_DEBUGINFO_PACKAGE ON)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_MODULE_PACKAGE_NAME libkilt-pkcs11)
set(CPACK_DEBIAN_MODULE_PACKAGE_SECTION libs)
set(CPACK_DEBIAN_MODULE_PACKAGE_RECOMMENDS "pcscd, libccid")
set(CPACK_DEBIAN_MODULE_PACKAGE_SUGGESTS "kilt")
set(CPACK_DEBIAN_MODULE_PACKAGE_CONTROL_EXTRA
  ${PROJECT_SOURCE_DIR}/conf/packages/conffiles ${PROJECT_SOURCE_DIR}/conf/packages/prerm)
set(CPACK_DEBIAN_TOOL_PACKAGE_NAME kilt)
set(CPACK_DEBIAN_TOOL_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_TOOL_PACKAGE_DEPENDS "libkilt-pkcs11 (= ${PROJECT_VERSION})")
set(CPACK_DEBIAN_TOOL_PACKAGE_RECOMMENDS "libnss3-tools")
set(CPACK_DEBIAN_TOOL_PACKAGE_SUGGESTS "kilt-bridge, libnotify-bin")
set(CPACK_DEBIAN_BRIDGE_PACKAGE_NAME kilt-bridge)
set(CPACK_DEBIAN_BRIDGE_PACKAGE_SECTION utils)
set(CPACK_DEBIAN_BRIDGE_PACKAGE_DEPENDS "kilt (= ${PROJECT_VERSION}), libkilt-pkcs11 (= ${PROJECT_VERSION})")

set(CPACK_RPM_COMPONENT_INSTALL ON)
set(CPACK_RPM_FILE_NAME RPM-DEFAULT)
# Links to build ids are the debug packages' business, folders that others own are theirs.
set(CPACK_RPM_SPEC_MORE_DEFINE "%define _build_id_links none")
set(CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION
  /usr/lib/systemd /usr/lib/systemd/user /usr/${CMAKE_INSTALL_LIBDIR}/pkcs11 /usr/share/p11-kit
  /usr/share/p11-kit/modules /usr/share/bash-completion /usr/share/bash-completion/completions)
foreach(language "" /ru /kk)
  list(APPEND CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION /usr/share/man${language})
  foreach(section 1 5 7 8)
    list(APPEND CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION /usr/share/man${language}/man${section})
  endforeach()
  if(language)
    list(APPEND CPACK_RPM_EXCLUDE_FROM_AUTO_FILELIST_ADDITION
      /usr/share/locale${language} /usr/share/locale${language}/LC_MESSAGES)
  endif()
endforeach()
set(CPACK_RPM_PACKAGE_LICENSE Apache-2.0)
set(CPACK_RPM_MODULE_PACKAGE_NAME libkilt-pkcs11)
set(CPACK_RPM_MODULE_USER_FILELIST "%config(noreplace) /etc/kilt/kilt.toml")
set(CPACK_RPM_TOOL_PACKAGE_NAME kilt)
set(CPACK_RPM_TOOL_PACKAGE_REQUIRES "libkilt-pkcs11 = ${PROJECT_VERSION}")
set(CPACK_RPM_BRIDGE_PACKAGE_NAME kilt-bridge)
set(CPACK_RPM_BRIDGE_PACKAGE_REQUIRES "kilt = ${PROJECT_VERSION}")

# What the script before packing needs to know.
configure_file(${CMAKE_CURRENT_LIST_DIR}/KiltPackageFiles.cmake
               ${CMAKE_CURRENT_BINARY_DIR}/KiltPackageFiles.cmake @ONLY)
set(CPACK_PRE_BUILD_SCRIPTS ${CMAKE_CURRENT_BINARY_DIR}/KiltPackageFiles.cmake)
include(CPack)
