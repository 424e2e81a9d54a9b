# The instrumentation of a whole build: sanitizers and fuzzers see every object, ours and the tests'.
if(CW_BUILD_FUZZ)
    if(NOT CMAKE_C_COMPILER_ID MATCHES "Clang")
        message(FATAL_ERROR "CW_BUILD_FUZZ needs clang: -DCMAKE_C_COMPILER=clang")
    endif()
    add_compile_options(-fsanitize=fuzzer-no-link)
endif()

if(CW_SANITIZE)
    add_compile_options(-fsanitize=${CW_SANITIZE} -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${CW_SANITIZE})
    if(CW_SANITIZE MATCHES "undefined")
        # A finding ends the test that made it, rather than scroll by.
        add_compile_options(-fno-sanitize-recover=undefined)
    endif()
endif()
