# cpack -G DEB: the Debian package, from a build whose prefix is /usr (the preset release).
set(PGSTEER_PACKAGE_VERSION "${PROJECT_VERSION}" CACHE STRING "version of the package, when not the program's")
set(CPACK_GENERATOR DEB)
set(CPACK_PACKAGE_NAME pgsteer)
set(CPACK_PACKAGE_VERSION ${PGSTEER_PACKAGE_VERSION})
set(CPACK_PACKAGE_CONTACT "The pgsteer developers <developers@pgsteer.invalid>")
set(CPACK_PACKAGE_DESCRIPTION_SUMMARY "two addresses for a PostgreSQL cluster: primary and standbys")
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
    "Applications connect to two addresses: one reaches the primary of a PostgreSQL
cluster, one is balanced over its standbys, whatever happens to the nodes.
pgsteer follows a cluster; it promotes nothing, pools nothing, parses no SQL.

It reads the configuration files of HAProxy (mode tcp) and xinetd as they are,
answers status checks from memory, and fences an old primary.")
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_SECTION database)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_DEPENDS passwd)
set(CPACK_DEBIAN_PACKAGE_RECOMMENDS logrotate)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "rsyslog, bash-completion")
set(CPACK_STRIP_FILES ON)
# Absolute places (/etc, systemd's) are below the package's root, too.
set(CPACK_SET_DESTDIR ON)
set(CPACK_INSTALL_PREFIX /usr)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(debian ${PROJECT_SOURCE_DIR}/packaging/debian)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA ${debian}/postinst ${debian}/prerm ${debian}/postrm ${debian}/conffiles)
# What Debian wants beside: not for other distributions, so only when cpack installs.
set(CPACK_INSTALL_SCRIPTS ${PROJECT_BINARY_DIR}/debian_files.cmake)
configure_file(cmake/debian_files.cmake.in ${PROJECT_BINARY_DIR}/debian_files.cmake @ONLY)
include(CPack)
