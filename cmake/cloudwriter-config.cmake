# find_package(cloudwriter) gives cloudwriter::cloudwriter (shared) and, where the development
# files of the libraries underneath are installed, cloudwriter::static.
include(${CMAKE_CURRENT_LIST_DIR}/cloudwriter-shared.cmake)

find_package(Threads QUIET)
find_package(CURL QUIET)
find_package(OpenSSL QUIET)
find_package(LibXml2 QUIET)
find_package(ZLIB QUIET)
find_package(PkgConfig QUIET)
if(PKG_CONFIG_FOUND)
    pkg_check_modules(ZSTD QUIET IMPORTED_TARGET libzstd)
endif()
if(Threads_FOUND AND CURL_FOUND AND OpenSSL_FOUND AND LibXml2_FOUND AND ZLIB_FOUND AND ZSTD_FOUND)
    include(${CMAKE_CURRENT_LIST_DIR}/cloudwriter-static.cmake)
    set(cloudwriter_static_FOUND TRUE)
else()
    set(cloudwriter_static_FOUND FALSE)
endif()

foreach(component IN LISTS cloudwriter_FIND_COMPONENTS)
    if(cloudwriter_FIND_REQUIRED_${component} AND NOT cloudwriter_${component}_FOUND
            AND NOT component STREQUAL "shared")
        set(cloudwriter_FOUND FALSE)
        set(cloudwriter_NOT_FOUND_MESSAGE
            "component ${component}: needs libcurl, OpenSSL, libxml2, zlib and libzstd for development")
    endif()
endforeach()
