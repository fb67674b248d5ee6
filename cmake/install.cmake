# Where things go: GNUInstallDirs, and a variable for each place that distributions choose for themselves.
# Relative ones are below the prefix.
include(GNUInstallDirs)
# Installing and packing take what was built (pgsteer, documents), and do not build the tests first.
set(CMAKE_SKIP_INSTALL_ALL_DEPENDENCY ON)
set(PGSTEER_UNIT_DIR "" CACHE STRING "systemd units; empty: what systemd says for the prefix /usr, else lib/systemd/system")
set(PGSTEER_DEFAULTS_DIR "" CACHE STRING "flags of the services; empty: default below the sysconfdir (Fedora: /etc/sysconfig)")
set(PGSTEER_BASH_DIR "${CMAKE_INSTALL_DATADIR}/bash-completion/completions" CACHE STRING "completion of bash")
set(PGSTEER_ZSH_DIR "${CMAKE_INSTALL_DATADIR}/zsh/vendor-completions" CACHE STRING "completion of zsh (elsewhere: share/zsh/site-functions)")
set(PGSTEER_FISH_DIR "${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d" CACHE STRING "completion of fish")

set(unit_dir "${PGSTEER_UNIT_DIR}")
if(NOT unit_dir)
    set(unit_dir lib/systemd/system)
    pkg_get_variable(manager_dir systemd systemdsystemunitdir)
    if(manager_dir AND CMAKE_INSTALL_PREFIX STREQUAL "/usr")
        set(unit_dir "${manager_dir}")
    endif()
endif()

# What is made of the documents. A package without them is none, so it is an error to want them in vain.
find_package(Python3 COMPONENTS Interpreter)
find_program(GO_MD2MAN go-md2man)
find_program(GZIP gzip)
set(made ${PROJECT_BINARY_DIR}/documents)
set(pages pgsteer.1 pgsteer-status.1 pgsteer-top.1 pgsteer.cfg.5 pgsteer-agent.8 pgsteer-check.8 pgsteer-inetd.8)
if(Python3_FOUND AND GO_MD2MAN AND GZIP)
    option(PGSTEER_DOCUMENTS "make the man pages and completions (go-md2man, python3, gzip)" ON)
else()
    option(PGSTEER_DOCUMENTS "make the man pages and completions (go-md2man, python3, gzip)" OFF)
endif()
if(PGSTEER_DOCUMENTS)
    if(NOT (Python3_FOUND AND GO_MD2MAN AND GZIP))
        message(FATAL_ERROR "PGSTEER_DOCUMENTS needs python3, go-md2man and gzip")
    endif()
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/docs/*.md ${PROJECT_SOURCE_DIR}/docs/man/*.md
         ${PROJECT_SOURCE_DIR}/packaging/*.py)
    set(zipped)
    foreach(page IN LISTS pages)
        list(APPEND zipped ${made}/man/${page}.gz)
    endforeach()
    set(completions ${made}/bash/pgsteer ${made}/zsh/_pgsteer ${made}/fish/pgsteer.fish)
    add_custom_command(
        OUTPUT ${zipped} ${completions}
        COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/packaging/man.py ${PROJECT_VERSION} ${made}/man
        COMMAND ${GZIP} -9nf -k ${pages}
        COMMAND ${Python3_EXECUTABLE} ${PROJECT_SOURCE_DIR}/packaging/completions.py ${made}
        WORKING_DIRECTORY ${made}/man DEPENDS ${sources} VERBATIM)
    file(MAKE_DIRECTORY ${made}/man)
    add_custom_target(documents ALL DEPENDS ${zipped} ${completions})
    foreach(page IN LISTS pages)
        string(REGEX REPLACE ".*\\." "" section ${page})
        install(FILES ${made}/man/${page}.gz DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
    endforeach()
    install(FILES ${made}/bash/pgsteer DESTINATION ${PGSTEER_BASH_DIR})
    install(FILES ${made}/zsh/_pgsteer DESTINATION ${PGSTEER_ZSH_DIR})
    install(FILES ${made}/fish/pgsteer.fish DESTINATION ${PGSTEER_FISH_DIR})
endif()

set(bindir ${CMAKE_INSTALL_FULL_BINDIR})
set(sysconfdir ${CMAKE_INSTALL_FULL_SYSCONFDIR})
set(defaults_dir "${PGSTEER_DEFAULTS_DIR}")
if(NOT defaults_dir)  # not the cache's default: it would keep the prefix of the first configure
    set(defaults_dir "${CMAKE_INSTALL_FULL_SYSCONFDIR}/default")
endif()
foreach(unit IN ITEMS pgsteer pgsteer-agent pgsteer-inetd)
    configure_file(packaging/systemd/${unit}.service.in ${PROJECT_BINARY_DIR}/systemd/${unit}.service @ONLY)
    install(FILES ${PROJECT_BINARY_DIR}/systemd/${unit}.service DESTINATION ${unit_dir})
    install(FILES packaging/etc/${unit} DESTINATION ${defaults_dir})
endforeach()
install(FILES packaging/systemd/sysusers.conf DESTINATION lib/sysusers.d RENAME pgsteer.conf)
install(FILES packaging/systemd/tmpfiles.conf DESTINATION lib/tmpfiles.d RENAME pgsteer.conf)
install(FILES packaging/etc/pgsteer.cfg DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/pgsteer)
install(FILES packaging/etc/logrotate DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/logrotate.d RENAME pgsteer)
install(FILES packaging/etc/rsyslog.conf DESTINATION ${CMAKE_INSTALL_FULL_SYSCONFDIR}/rsyslog.d
        RENAME 49-pgsteer.conf)

install(TARGETS pgsteer RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(DIRECTORY docs/ DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN "*.md" PATTERN man EXCLUDE)
install(FILES README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY examples/ DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)
