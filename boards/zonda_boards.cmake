# Included by samples and tests before find_package(Zephyr): registers this checkout as a module, so that they
# build from any workspace, and adds what boards/ has for the board, as Zephyr does with an application's own.

get_filename_component(zonda_dir ${CMAKE_CURRENT_LIST_DIR}/.. ABSOLUTE)

# Zephyr takes the first of: -DEXTRA_ZEPHYR_MODULES, the environment variable, this variable.
if(NOT DEFINED EXTRA_ZEPHYR_MODULES AND DEFINED ENV{EXTRA_ZEPHYR_MODULES})
  set(EXTRA_ZEPHYR_MODULES $ENV{EXTRA_ZEPHYR_MODULES})
endif()
list(APPEND EXTRA_ZEPHYR_MODULES ${zonda_dir})
list(REMOVE_DUPLICATES EXTRA_ZEPHYR_MODULES)
set(EXTRA_ZEPHYR_MODULES "${EXTRA_ZEPHYR_MODULES}" CACHE STRING "Modules that Zephyr loads besides those of west" FORCE)

if(NOT BOARD)
  set(BOARD $ENV{BOARD})
endif()
string(REGEX REPLACE "@[^/]*" "" zonda_board "${BOARD}")
string(REPLACE "/" "_" zonda_board "${zonda_board}")
# qemu_cortex_m3 and qemu_cortex_m3/ti_lm3s6965 are the same board.
string(REGEX REPLACE "/.*" "" zonda_board_name "${BOARD}")
foreach(name IN ITEMS ${zonda_board} ${zonda_board_name})
  if(EXISTS ${zonda_dir}/boards/${name}.overlay)
    list(APPEND EXTRA_DTC_OVERLAY_FILE ${zonda_dir}/boards/${name}.overlay)
    break()
  endif()
endforeach()
foreach(name IN ITEMS ${zonda_board} ${zonda_board_name})
  if(EXISTS ${zonda_dir}/boards/${name}.conf)
    list(APPEND EXTRA_CONF_FILE ${zonda_dir}/boards/${name}.conf)
    break()
  endif()
endforeach()
