# SPDX-License-Identifier: MPL-2.0
#
# What makes a mistake in the programs harder to use: position-independent, tables read-only before main, stacks and
# buffers watched. Sanitizers watch more and want none of it; without optimisation glibc checks no buffers.
# tests/hardening.py looks whether the programs have it.
include (CheckCCompilerFlag)

function (ems_harden_if_taken flag)
    string (MAKE_C_IDENTIFIER "EMS_TAKES${flag}" taken)
    check_c_compiler_flag (${flag} ${taken})
    if (${taken})
        add_compile_options (${flag})
    endif ()
endfunction ()

if (NOT EMS_SANITIZE)
    # Not -fPIC, which would keep global functions from being inlined; but what is preloaded into programs needs that,
    # and what goes into libems.so, which is hidden and so inlined all the same.
    add_compile_options ($<$<NOT:$<OR:$<STREQUAL:$<TARGET_PROPERTY:TYPE>,MODULE_LIBRARY>,$<AND:$<STREQUAL:$<TARGET_PROPERTY:TYPE>,STATIC_LIBRARY>,$<BOOL:$<TARGET_PROPERTY:POSITION_INDEPENDENT_CODE>>>>>:-fPIE>)
    add_link_options ($<$<STREQUAL:$<TARGET_PROPERTY:TYPE>,EXECUTABLE>:-pie>
                      -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack)
    ems_harden_if_taken (-fstack-protector-strong)
    ems_harden_if_taken (-fstack-clash-protection)
    # -U: some distributions' compilers define it themselves. 3 needs gcc 12 or clang 9, and glibc 2.34.
    include (CheckCSourceCompiles)
    set (CMAKE_REQUIRED_FLAGS "-O2 -Werror -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3")
    check_c_source_compiles ("
        #include <string.h>
        #if __USE_FORTIFY_LEVEL < 3
        #error no level 3
        #endif
        int main (void) { return (int)strlen (\"\"); }" EMS_FORTIFIES_3)
    unset (CMAKE_REQUIRED_FLAGS)
    set (level $<IF:$<BOOL:${EMS_FORTIFIES_3}>,3,2>)
    add_compile_options ("$<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-U_FORTIFY_SOURCE;-D_FORTIFY_SOURCE=${level}>")
endif ()
