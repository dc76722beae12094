# Signatures of files: the public keys of CONFIG_ZONDA_SIGNED_FILES_KEYS as a C array, and the functions that check.

separate_arguments(names UNIX_COMMAND "${CONFIG_ZONDA_SIGNED_FILES_KEYS}")
if(NOT names)
  message(FATAL_ERROR "Zonda: no public keys. Set CONFIG_ZONDA_SIGNED_FILES_KEYS=\"FILE.pem\" to the keys whose "
                      "signatures are accepted; `openssl pkey -in key.pem -pubout -out FILE.pem` writes one.")
endif()
set(keys)
foreach(name IN LISTS names)
  get_filename_component(path "${name}" ABSOLUTE BASE_DIR ${APPLICATION_SOURCE_DIR})
  if(NOT EXISTS "${path}")
    message(FATAL_ERROR "Zonda: ${path} does not exist. CONFIG_ZONDA_SIGNED_FILES_KEYS names it.")
  endif()
  list(APPEND keys "${path}")
endforeach()

set(keys_c ${CMAKE_CURRENT_BINARY_DIR}/zonda_public_keys.c)
add_custom_command(
  OUTPUT ${keys_c}
  COMMAND ${PYTHON_EXECUTABLE} ${CMAKE_CURRENT_LIST_DIR}/public_keys.py --output ${keys_c} ${keys}
  DEPENDS ${CMAKE_CURRENT_LIST_DIR}/public_keys.py ${keys}
  COMMENT "Embedding public keys"
  VERBATIM
)
zephyr_library_sources(zephyr/zonda_signed_files.c ${keys_c})
zephyr_library_link_libraries_ifdef(CONFIG_MBEDTLS mbedTLS)
