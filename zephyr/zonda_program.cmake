# zonda_add_program(): compiles a WebAssembly program, or takes a module as it is, and puts it into the flash of an application.
# docs/programs.md describes it for users. Depends on Zephyr's Kconfig symbols, Python and file2hex.py only.

# Sets <out> to the first clang that compiles and links for WebAssembly: ZONDA_CLANG, a CMake or environment variable; that of
# wasi-sdk; one in PATH. Sets <out> to "" and <out_found> to what was tried if there is none.
function(zonda_find_clang out out_found)
  get_property(known GLOBAL PROPERTY ZONDA_CLANG_FOUND SET)
  if(NOT known)
    set(folder ${CMAKE_BINARY_DIR}/zonda_clang)
    file(WRITE ${folder}/try.c "int try(void) { return 0; }\n")
    set(candidates)
    set(tried)
    set(clang "")
    if(NOT ZONDA_CLANG AND DEFINED ENV{ZONDA_CLANG})
      set(ZONDA_CLANG $ENV{ZONDA_CLANG})
    endif()
    if(ZONDA_CLANG)
      set(candidates ${ZONDA_CLANG})
    else()
      set(names clang)
      foreach(version RANGE 30 11 -1)
        list(APPEND names clang-${version})
      endforeach()
      foreach(name IN LISTS names)
        find_program(ZONDA_PROGRAM ${name} HINTS $ENV{WASI_SDK_PATH}/bin /opt/wasi-sdk/bin)
        if(ZONDA_PROGRAM)
          list(APPEND candidates ${ZONDA_PROGRAM})
        endif()
        unset(ZONDA_PROGRAM CACHE)
      endforeach()
    endif()
    foreach(candidate IN LISTS candidates)
      execute_process(COMMAND ${candidate} --target=wasm32 -mcpu=mvp -nostdlib -Wl,--no-entry -o ${folder}/try.wasm ${folder}/try.c
                      RESULT_VARIABLE failed OUTPUT_VARIABLE text ERROR_VARIABLE text)
      if(failed EQUAL 0)
        set(clang ${candidate})
        break()
      endif()
      if(NOT text)
        set(text ${failed})
      endif()
      string(REGEX REPLACE "\n.*" "" text "${text}")
      list(APPEND tried "    ${candidate}: ${text}")
    endforeach()
    if(NOT candidates)
      set(tried "    nothing: no clang in WASI_SDK_PATH, in /opt/wasi-sdk or in PATH")
    endif()
    list(JOIN tried "\n" tried)
    set_property(GLOBAL PROPERTY ZONDA_CLANG_FOUND "${clang}")
    set_property(GLOBAL PROPERTY ZONDA_CLANG_TRIED "${tried}")
  endif()
  get_property(clang GLOBAL PROPERTY ZONDA_CLANG_FOUND)
  get_property(tried GLOBAL PROPERTY ZONDA_CLANG_TRIED)
  set(${out} "${clang}" PARENT_SCOPE)
  set(${out_found} "${tried}" PARENT_SCOPE)
endfunction()

# Sets <out> to the tool `zonda` of this version: ZONDA_TOOL, a CMake or environment variable; one in PATH or installed by cargo;
# one that was built in the checkout. With MODE native, it has compiled a module for the board. Without one, the message has the
# command that installs it.
function(zonda_find_tool mode out)
  get_filename_component(zonda_dir ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/.. ABSOLUTE)
  if(NOT ZONDA_TOOL AND DEFINED ENV{ZONDA_TOOL})
    set(ZONDA_TOOL $ENV{ZONDA_TOOL})
  endif()
  set(cargo_home $ENV{HOME}/.cargo)
  if(DEFINED ENV{CARGO_HOME})
    set(cargo_home $ENV{CARGO_HOME})
  endif()
  file(STRINGS ${zonda_dir}/Cargo.toml line REGEX "^version = " LIMIT_COUNT 1)
  string(REGEX REPLACE ".*\"(.*)\"" "\\1" wanted "${line}")
  set(found)
  if(ZONDA_TOOL)
    set(candidates ${ZONDA_TOOL})
  else()
    find_program(ZONDA_PROGRAM zonda HINTS ${cargo_home}/bin)
    set(candidates ${ZONDA_PROGRAM} ${zonda_dir}/target/host/zonda)
    unset(ZONDA_PROGRAM CACHE)
  endif()
  foreach(candidate IN LISTS candidates)
    if(NOT EXISTS ${candidate})
      continue()
    endif()
    execute_process(COMMAND ${candidate} --version RESULT_VARIABLE failed OUTPUT_VARIABLE version ERROR_VARIABLE version
                    OUTPUT_STRIP_TRAILING_WHITESPACE)
    string(REGEX REPLACE "\n.*" "" version "${version}")
    if(NOT failed EQUAL 0 OR NOT version STREQUAL "zonda ${wanted}")
      list(APPEND found "    ${candidate} is \"${version}\"")
      continue()
    endif()
    if(mode STREQUAL "native")
      # LLVM is an option of the tool, and not every CPU has native code.
      file(WRITE ${CMAKE_BINARY_DIR}/zonda_tool/try.wat "(module)\n")
      execute_process(COMMAND ${candidate} compile --native --zephyr-build ${DOTCONFIG} -o ${CMAKE_BINARY_DIR}/zonda_tool/try.zonda
                              ${CMAKE_BINARY_DIR}/zonda_tool/try.wat
                      RESULT_VARIABLE failed OUTPUT_VARIABLE text ERROR_VARIABLE text OUTPUT_STRIP_TRAILING_WHITESPACE
                      ERROR_STRIP_TRAILING_WHITESPACE)
      if(NOT failed EQUAL 0)
        list(APPEND found "    ${candidate}: ${text}")
        continue()
      endif()
    endif()
    set(${out} ${candidate} PARENT_SCOPE)
    return()
  endforeach()
  if(NOT found)
    set(found "    nothing: no zonda in PATH, in ${cargo_home}/bin or in ${zonda_dir}/target/host")
  endif()
  list(JOIN found "\n" found)
  set(install "    cargo install --locked --path \"${zonda_dir}/tools/zonda\"")
  if(mode STREQUAL "native")
    set(install "    apt-get install llvm-19-dev libpolly-19-dev    (or the equivalents of another system)\n${install} --features native")
  endif()
  message(FATAL_ERROR "zonda_add_program: MODE ${mode} needs the tool zonda ${wanted}. Found:\n${found}\nRun:\n${install}\n"
                      "or set ZONDA_TOOL to one that is installed elsewhere.")
endfunction()

# zonda_add_program(<target> NAME <name> SOURCES <file>... | WASM <file> [MODE wasm|bytecode|native] [STACK <bytes>] [HEAP <bytes>]
#                   [EXPORTS <function>...] [OPTIONS <option>...] [COMPILE_OPTIONS <option>...])
#
# Makes a program a part of the flash of <target>, the application: "<name>.wasm.h" declares the array <name>_wasm, whose sizeof is
# the length, aligned to 8 bytes, native code to 16. With SOURCES and WASM, the module is what is used where no clang is.
function(zonda_add_program target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "NAME;WASM;MODE;STACK;HEAP" "SOURCES;EXPORTS;OPTIONS;COMPILE_OPTIONS")
  get_filename_component(zonda_dir ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/.. ABSOLUTE)
  set(here "zonda_add_program(${target} NAME ${arg_NAME})")

  # The arguments.
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "${here}: unknown arguments: ${arg_UNPARSED_ARGUMENTS}")
  elseif(NOT CONFIG_ZONDA)
    message(FATAL_ERROR "${here}: Zonda is off. Set CONFIG_ZONDA=y.")
  elseif(NOT TARGET ${target})
    message(FATAL_ERROR "${here}: there is no target ${target}; an application's own is \"app\"")
  elseif(NOT "${arg_NAME}" MATCHES "^[A-Za-z_][A-Za-z0-9_]*$")
    message(FATAL_ERROR "${here}: NAME becomes a part of names in C; expected letters, digits and _")
  elseif(NOT arg_SOURCES AND NOT arg_WASM)
    message(FATAL_ERROR "${here}: expected SOURCES with files in C or C++, or WASM with a module")
  elseif(arg_EXPORTS AND NOT arg_SOURCES)
    message(FATAL_ERROR "${here}: EXPORTS is for SOURCES; the module of WASM exports what it exports")
  elseif(DEFINED arg_STACK AND NOT arg_SOURCES)
    message(FATAL_ERROR "${here}: STACK is for SOURCES; the module of WASM has been linked")
  endif()
  foreach(number STACK HEAP)
    if(DEFINED arg_${number} AND NOT "${arg_${number}}" MATCHES "^[0-9]+$")
      message(FATAL_ERROR "${here}: ${number} ${arg_${number}}: expected a number of bytes")
    endif()
  endforeach()
  if(NOT DEFINED arg_MODE)
    set(arg_MODE wasm)
  elseif(NOT arg_MODE MATCHES "^(wasm|bytecode|native)$")
    message(FATAL_ERROR "${here}: MODE ${arg_MODE}: expected wasm, bytecode or native")
  elseif(arg_MODE STREQUAL "bytecode" AND NOT CONFIG_ZONDA_PRECOMPILED)
    message(FATAL_ERROR "${here}: MODE bytecode makes a precompiled module. Set CONFIG_ZONDA_FAST=y and "
                        "CONFIG_ZONDA_PRECOMPILED=y.")
  elseif(arg_MODE STREQUAL "native" AND NOT CONFIG_ZONDA_NATIVE)
    message(FATAL_ERROR "${here}: MODE native makes native code. Set CONFIG_ZONDA_NATIVE=y; docs/native-code.md lists the CPUs.")
  endif()
  if(arg_COMPILE_OPTIONS AND arg_MODE STREQUAL "wasm")
    message(FATAL_ERROR "${here}: COMPILE_OPTIONS are for `zonda compile`: MODE bytecode or native")
  endif()
  if(NOT DEFINED arg_STACK)
    set(arg_STACK 1024)
  endif()
  if(NOT DEFINED arg_HEAP)
    set(arg_HEAP 0)
  endif()
  foreach(file IN LISTS arg_SOURCES arg_WASM)
    get_filename_component(path ${file} ABSOLUTE)
    if(NOT EXISTS ${path})
      message(FATAL_ERROR "${here}: there is no file ${path}")
    endif()
  endforeach()

  set(folder ${CMAKE_CURRENT_BINARY_DIR}/zonda_programs/${target})
  file(MAKE_DIRECTORY ${folder})

  # The module: compiled, or as it is.
  set(clang "")
  if(arg_SOURCES)
    zonda_find_clang(clang tried)
    if(NOT clang AND NOT arg_WASM)
      message(FATAL_ERROR
        "${here}: needs clang and wasm-ld, LLVM 11 or later, to compile for WebAssembly. Tried:\n${tried}\n"
        "Install them (Debian and Ubuntu: apt-get install clang lld; or wasi-sdk, with WASI_SDK_PATH), or set ZONDA_CLANG to one.")
    endif()
  endif()
  if(clang)
    set(module ${folder}/${arg_NAME}.wasm)
    # WebAssembly 1.0, which every build of the runtime has.
    set(compile ${clang} --target=wasm32 -mcpu=mvp -Os -Wall -I${zonda_dir}/apps/include)
    # The stack lies below the data, so that an overflow traps, and the memory ends at __heap_base (CONFIG_ZONDA_SHRINK_MEMORY).
    set(link -nostdlib -Wl,--no-entry -Wl,--stack-first -Wl,-z,stack-size=${arg_STACK} -Wl,--strip-all
        -Wl,--export=__heap_base -Wl,--export=__data_end)
    foreach(function IN LISTS arg_EXPORTS)
      list(APPEND link -Wl,--export=${function})
    endforeach()
    set(objects)
    foreach(source IN LISTS arg_SOURCES)
      get_filename_component(path ${source} ABSOLUTE)
      string(MAKE_C_IDENTIFIER ${source} object)
      set(object ${folder}/${arg_NAME}_${object}.o)
      set(language)
      if(source MATCHES "\\.(cc|cpp|cxx)$")
        set(language -fno-exceptions -fno-rtti)
      endif()
      add_custom_command(
        OUTPUT ${object}
        COMMAND ${compile} ${language} ${arg_OPTIONS} -MD -MF ${object}.d -MT ${object} -c -o ${object} ${path}
        DEPENDS ${path}
        DEPFILE ${object}.d
        COMMENT "Compiling ${source} for WebAssembly"
        VERBATIM
      )
      list(APPEND objects ${object})
    endforeach()
    add_custom_command(
      OUTPUT ${module}
      COMMAND ${compile} ${arg_OPTIONS} ${link} -o ${module} ${objects}
      DEPENDS ${objects}
      COMMENT "Linking the WebAssembly program ${arg_NAME}"
      VERBATIM
    )
    message(STATUS "Zonda: program ${arg_NAME} (${arg_MODE}) with ${clang}")
  else()
    get_filename_component(module ${arg_WASM} ABSOLUTE)
    if(arg_SOURCES)
      message(STATUS "Zonda: program ${arg_NAME} (${arg_MODE}) is ${arg_WASM}: no clang compiles its sources for WebAssembly")
    else()
      message(STATUS "Zonda: program ${arg_NAME} (${arg_MODE}) is ${arg_WASM}")
    endif()
  endif()

  # What is embedded.
  set(embedded ${module})
  if(NOT arg_MODE STREQUAL "wasm")
    zonda_find_tool(${arg_MODE} tool)
    set(embedded ${folder}/${arg_NAME}.zonda)
    set(native)
    if(arg_MODE STREQUAL "native")
      set(native --native)
    endif()
    # CPU, FPU, float ABI and pointer size are those of the configuration.
    add_custom_command(
      OUTPUT ${embedded}
      COMMAND ${tool} compile ${native} --zephyr-build ${DOTCONFIG} ${arg_COMPILE_OPTIONS} -o ${embedded} ${module}
      DEPENDS ${module} ${tool} ${DOTCONFIG}
      COMMENT "Compiling the WebAssembly program ${arg_NAME} (${arg_MODE})"
      VERBATIM
    )
  endif()
  # Native code is trusted as a part of the firmware.
  set(align 8)
  set(load wasm_runtime_load)
  if(arg_MODE STREQUAL "native")
    set(align 16)
    set(load zonda_load_trusted)
  endif()
  set(bytes ${folder}/${arg_NAME}.inc)
  add_custom_command(
    OUTPUT ${bytes}
    COMMAND ${PYTHON_EXECUTABLE} ${ZEPHYR_BASE}/scripts/build/file2hex.py --file ${embedded} > ${bytes}
    DEPENDS ${embedded}
    VERBATIM
  )
  set(header ${folder}/${arg_NAME}.wasm.h)
  set(script ${zonda_dir}/zephyr/zonda_program_header.cmake)
  add_custom_command(
    OUTPUT ${header}
    COMMAND ${CMAKE_COMMAND} -DNAME=${arg_NAME} -DHEAP=${arg_HEAP} -DALIGN=${align} -DLOAD=${load} -DFILE=${embedded} -DHEADER=${header} -P ${script}
    DEPENDS ${embedded} ${script} ${zonda_dir}/zephyr/zonda_program.h.in
    VERBATIM
  )
  add_custom_target(zonda_program_${target}_${arg_NAME} DEPENDS ${bytes} ${header})
  add_dependencies(${target} zonda_program_${target}_${arg_NAME})

  file(CONFIGURE OUTPUT ${folder}/${arg_NAME}.wasm.c @ONLY CONTENT
"/* The WebAssembly program @arg_NAME@. Made by zonda_add_program(). */
#include \"@arg_NAME@.wasm.h\"

const uint8_t @arg_NAME@_wasm[sizeof(@arg_NAME@_wasm)] __attribute__((aligned(@align@))) = {
#include \"@arg_NAME@.inc\"
};
")
  target_sources(${target} PRIVATE ${folder}/${arg_NAME}.wasm.c)
  target_include_directories(${target} PRIVATE ${folder})
endfunction()
