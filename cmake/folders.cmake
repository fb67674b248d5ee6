# pgsteer_folder(NAME USES dep...): the library of src/NAME. A dep that is another folder is named
# bare (base), a foreign one by its CMake target (fmt::fmt). A folder without .cpp files is an
# interface library.
function(pgsteer_folder name)
    cmake_parse_arguments(arg "" "" "USES" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/*.cpp)
    if(sources)
        set(kind PUBLIC)
        add_library(pgsteer_${name} STATIC ${sources})
    else()
        set(kind INTERFACE)
        add_library(pgsteer_${name} INTERFACE)
    endif()
    target_include_directories(pgsteer_${name} ${kind} ${PROJECT_SOURCE_DIR}/src)
    foreach(dep IN LISTS arg_USES)
        if(dep MATCHES "::")
            target_link_libraries(pgsteer_${name} ${kind} ${dep})
        else()
            target_link_libraries(pgsteer_${name} ${kind} pgsteer_${dep})
        endif()
    endforeach()
endfunction()

# pgsteer_embed(NAME): the files of src/NAME/assets become part of that folder's library.
function(pgsteer_embed name)
    file(GLOB files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/src/${name}/assets/*)
    set(output ${PROJECT_BINARY_DIR}/${name}_assets.cpp)
    set(script ${PROJECT_SOURCE_DIR}/cmake/embed.cmake)
    add_custom_command(
        OUTPUT ${output}
        COMMAND ${CMAKE_COMMAND} -DOUTPUT=${output} "-DFILES=${files}" -P ${script}
        DEPENDS ${files} ${script}
        VERBATIM)
    target_sources(pgsteer_${name} PRIVATE ${output})
endfunction()
