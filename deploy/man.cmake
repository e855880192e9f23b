# The manual pages: NAME.SECTION.scd in <part>/man, made by scdoc into <build>/man.
# SPDX-License-Identifier: MPL-2.0
include (GNUInstallDirs)
find_program (SCDOC scdoc REQUIRED)
add_custom_target (man ALL)

# ems_man (FILE.scd…): of the folder that calls it.
function (ems_man)
    foreach (source IN LISTS ARGN)
        get_filename_component (page ${source} NAME_WLE)
        string (REGEX REPLACE ".*\\." "" section ${page})
        set (text ${CMAKE_BINARY_DIR}/man/${page}.scd)
        set (made ${CMAKE_BINARY_DIR}/man/${page})
        configure_file (${source} ${text} @ONLY)
        add_custom_command (OUTPUT ${made}
            COMMAND sh -c "'${SCDOC}' < '${text}' > '${made}.new' && mv '${made}.new' '${made}'"
            DEPENDS ${text} VERBATIM)
        add_custom_target (man_${page} DEPENDS ${made})
        add_dependencies (man man_${page})
        install (FILES ${made} DESTINATION ${CMAKE_INSTALL_MANDIR}/man${section})
    endforeach ()
endfunction ()
