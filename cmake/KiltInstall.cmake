# Where things are installed, and what an installation holds besides programs.

# Debian's programs look for modules in the folder of their architecture, whatever prefix is named
# when it is installed.
if(NOT DEFINED CMAKE_INSTALL_LIBDIR AND EXISTS /etc/debian_version AND CMAKE_LIBRARY_ARCHITECTURE)
  set(CMAKE_INSTALL_LIBDIR lib/${CMAKE_LIBRARY_ARCHITECTURE} CACHE PATH "Object code libraries (lib)")
endif()
include(GNUInstallDirs)

# kilt_install_documents(COMPONENT PACKAGE): licence and changes, where Debian's policy (12.5, 12.7)
# wants them.
function(kilt_install_documents component package)
  install(FILES ${PROJECT_SOURCE_DIR}/conf/packages/copyright
          DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package} COMPONENT ${component})
  install(FILES ${PROJECT_SOURCE_DIR}/CHANGELOG.md RENAME changelog
          DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/${package} COMPONENT ${component})
endfunction()
kilt_install_documents(module libkilt-pkcs11)
kilt_install_documents(tool kilt)
kilt_install_documents(bridge kilt-bridge)
