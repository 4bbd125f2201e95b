# cim_precompile(TARGET [HEADER...]): reads the headers that most sources of the target include, and those given, once instead of in each
# source. Sources still include what they use; the asan preset builds without.
function(cim_precompile target)
    if(CIM_PRECOMPILE)
        target_precompile_headers(${target} PRIVATE <algorithm> <cstdint> <functional> <map> <memory> <optional> <set> <string> <vector>
                                                    ${ARGN})
    endif()
endfunction()

# cim_layer(NAME DEPENDS ...): the static library of one layer from all sources below its folder, aliased cim::NAME.
set(CIM_WARNINGS -Wall -Wextra -Wpedantic -Wconversion -Wno-sign-conversion -Werror)

function(cim_flags target)
    target_compile_options(${target} PRIVATE ${CIM_WARNINGS})
    if(CIM_SANITIZE)
        target_compile_options(${target} PUBLIC -fsanitize=address,undefined -fno-omit-frame-pointer)
        target_compile_options(${target} PRIVATE -Wno-maybe-uninitialized)
        target_link_options(${target} PUBLIC -fsanitize=address,undefined)
    endif()
endfunction()

get_filename_component(CIM_ROOT "${CMAKE_CURRENT_LIST_DIR}/.." ABSOLUTE)

# cim_program(TARGET): flags of a program, and its allocator. Sanitizers bring their own.
if(NOT CIM_SANITIZE)
    add_library(cim_allocator OBJECT "${CIM_ROOT}/cmake/allocator.cpp")
    cim_flags(cim_allocator)
endif()
function(cim_program target)
    cim_flags(${target})
    if(NOT CIM_SANITIZE)
        target_link_libraries(${target} PRIVATE cim_allocator PkgConfig::JEMALLOC)
        target_link_options(${target} PRIVATE LINKER:--undefined=mallctl)  # else a library that nothing names might be left out
    endif()
endfunction()

function(cim_layer name)
    cmake_parse_arguments(LAYER "" "" "DEPENDS;PRECOMPILE" ${ARGN})
    file(GLOB_RECURSE sources CONFIGURE_DEPENDS "*.cpp")
    add_library(cim_${name} STATIC ${sources})
    add_library(cim::${name} ALIAS cim_${name})
    target_include_directories(cim_${name} PUBLIC "${CIM_ROOT}")
    target_link_libraries(cim_${name} PUBLIC ${LAYER_DEPENDS})
    cim_flags(cim_${name})
    cim_precompile(cim_${name} ${LAYER_PRECOMPILE})
endfunction()
