# Fills kilt.1.in: cmake -DKILT=program -DINPUT=… -DOUTPUT=… -DVERSION=… -DSCHEMA=… -DLANGUAGE=… -P fill.cmake
set(ENV{LC_ALL} C.UTF-8)
set(ENV{LANGUAGE} ${LANGUAGE})
foreach(part options commands)
  execute_process(COMMAND ${KILT} completion man-${part} OUTPUT_VARIABLE text
                  COMMAND_ERROR_IS_FATAL ANY)
  # The parser's own words for what an option takes.
  if(LANGUAGE STREQUAL ru)
    string(REPLACE " TEXT\n" " ТЕКСТ\n" text "${text}")
    string(REPLACE " INT\n" " ЧИСЛО\n" text "${text}")
  elseif(LANGUAGE STREQUAL kk)
    string(REPLACE " TEXT\n" " МӘТІН\n" text "${text}")
    string(REPLACE " INT\n" " САН\n" text "${text}")
  endif()
  string(TOUPPER ${part} name)
  set(${name} "${text}")
endforeach()
configure_file(${INPUT} ${OUTPUT} @ONLY)
