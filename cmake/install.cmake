# Where everything goes: headers, libraries, command, man pages, pkg-config and CMake packages.
include(CMakePackageConfigHelpers)

install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/cloudwriter
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

# Two export sets: a user of the shared library must not need the development files of the five
# libraries underneath.
install(TARGETS cloudwriter EXPORT cloudwriter-shared LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS cloudwriter_static EXPORT cloudwriter-static
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
if(TARGET cw_tool)
    install(TARGETS cw_tool RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

foreach(section 1 3 7)
    file(GLOB pages CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/man/*.${section})
    if(pages)
        install(FILES ${pages} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
    endif()
endforeach()

# Both packages are found from where they lie, so that the tree can be moved after installation.
set(cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/cloudwriter)
foreach(kind shared static)
    install(EXPORT cloudwriter-${kind} NAMESPACE cloudwriter:: DESTINATION ${cmake_dir})
endforeach()
write_basic_package_version_file(${PROJECT_BINARY_DIR}/cloudwriter-config-version.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_SOURCE_DIR}/cmake/cloudwriter-config.cmake
              ${PROJECT_BINARY_DIR}/cloudwriter-config-version.cmake
    DESTINATION ${cmake_dir})

file(RELATIVE_PATH pc_to_prefix
    ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig ${CMAKE_INSTALL_PREFIX})
file(RELATIVE_PATH pc_libdir ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_LIBDIR})
file(RELATIVE_PATH pc_includedir ${CMAKE_INSTALL_PREFIX} ${CMAKE_INSTALL_FULL_INCLUDEDIR})
configure_file(${PROJECT_SOURCE_DIR}/pkgconfig/cloudwriter.pc.in
    ${PROJECT_BINARY_DIR}/cloudwriter.pc @ONLY)
install(FILES ${PROJECT_BINARY_DIR}/cloudwriter.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
