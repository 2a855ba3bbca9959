# Runs between installation and packing, once over all packages: Debian's changelog of each (a .rpm has
# none), manuals and changelogs compressed (policy 12.3, 12.7), every file of one time, so that two
# builds are the same.
if(DEFINED ENV{SOURCE_DATE_EPOCH})
  set(time $ENV{SOURCE_DATE_EPOCH})
else()
  string(TIMESTAMP time %s UTC)
endif()
execute_process(COMMAND date --utc --rfc-email --date=@${time} OUTPUT_VARIABLE date
                OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)

file(GLOB packages LIST_DIRECTORIES true ${CPACK_TEMPORARY_DIRECTORY}/*)
foreach(root ${packages})
  if(NOT IS_DIRECTORY ${root}/usr)
    continue()
  endif()
  file(GLOB documents LIST_DIRECTORIES true ${root}/usr/share/doc/*)
  if(CPACK_TEMPORARY_DIRECTORY MATCHES "/RPM/")
    set(documents)
  endif()
  foreach(folder ${documents})
    get_filename_component(package ${folder} NAME)
    file(WRITE ${folder}/changelog.Debian "${package} (@PROJECT_VERSION@) unstable; urgency=medium\n\n  \
* Release @PROJECT_VERSION@: see changelog.gz.\n\n -- @CPACK_PACKAGE_CONTACT@  ${date}\n")
  endforeach()
  file(GLOB_RECURSE plain ${root}/usr/share/man/* ${root}/usr/share/doc/*/changelog*)
  list(FILTER plain EXCLUDE REGEX "\\.gz$")
  if(plain)
    execute_process(COMMAND gzip -9nf ${plain} COMMAND_ERROR_IS_FATAL ANY)
  endif()
  execute_process(COMMAND find ${root} -exec touch --no-dereference --date=@${time} {} +
                  COMMAND_ERROR_IS_FATAL ANY)
endforeach()
