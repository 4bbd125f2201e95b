# Every package that the build needs; scripts/packages.txt names the Debian packages that bring them.
find_program(CCACHE ccache)
if(CCACHE)
    # What ccache asks for with precompiled headers.
    set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros "${CCACHE}")
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
pkg_check_modules(SYSTEMC REQUIRED IMPORTED_TARGET systemc)
find_package(Protobuf REQUIRED)
find_package(ONNX REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(fmt REQUIRED)
find_package(Boost REQUIRED COMPONENTS program_options)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(JEMALLOC REQUIRED IMPORTED_TARGET jemalloc)

# Debian's SystemC is built for C++17 and its library refuses (at link time, with a symbol nobody can read) to meet objects of another
# standard. Say it here in words.
include(CheckCXXSourceCompiles)
set(CMAKE_REQUIRED_FLAGS "-std=c++17")
set(CMAKE_REQUIRED_LIBRARIES PkgConfig::SYSTEMC)
check_cxx_source_compiles("#include <systemc>\nint sc_main(int, char**) { sc_core::sc_time t; return 0; }" CIM_SYSTEMC_IS_CXX17)
unset(CMAKE_REQUIRED_FLAGS)
unset(CMAKE_REQUIRED_LIBRARIES)
if(NOT CIM_SYSTEMC_IS_CXX17)
    message(FATAL_ERROR "The SystemC library found does not link with C++17 objects. Install Debian's libsystemc-dev (2.3.4), or build "
                        "SystemC with -DCMAKE_CXX_STANDARD=17.")
endif()
