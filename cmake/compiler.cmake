# Warnings, sanitizers and link-time optimisation for every target of the project.
add_compile_options(-Wall -Wextra -Wpedantic -Wshadow -Wconversion)
add_compile_options(-fno-omit-frame-pointer)
option(PGSTEER_WERROR "treat warnings as errors" ON)
if(PGSTEER_WERROR)
    add_compile_options(-Werror)
endif()

if(PGSTEER_SANITIZE)
    add_compile_options(-fsanitize=${PGSTEER_SANITIZE} -fno-sanitize-recover=all)
    add_link_options(-fsanitize=${PGSTEER_SANITIZE})
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # "-fsanitize=... can cause false positive -Wmaybe-uninitialized warnings" (GCC's manual); the
        # release build keeps it.
        # Likewise GCC 12 sees a mismatch of new and delete in Asio's coroutine frames that is none, when
        # it inlines only one half.
        add_compile_options(-Wno-maybe-uninitialized -Wno-mismatched-new-delete)
    endif()
    if(PGSTEER_SANITIZE MATCHES "thread" AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
        # Asio's event loop has fences that GCC's ThreadSanitizer cannot see; only one thread runs it,
        # and the relay, which has threads, uses none.
        add_compile_options(-Wno-tsan)
    endif()
else()
    add_compile_definitions($<$<CONFIG:Release>:_FORTIFY_SOURCE=2>)
    add_compile_options(-fstack-protector-strong)
    add_link_options(-Wl,-z,relro,-z,now)
endif()

if(CMAKE_BUILD_TYPE STREQUAL "Release")
    include(CheckIPOSupported)
    check_ipo_supported(RESULT ipo_works OUTPUT ipo_why LANGUAGES CXX)
    if(ipo_works)
        set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
    else()
        message(WARNING "no link-time optimisation: ${ipo_why}")
    endif()
endif()
