# SPDX-License-Identifier: MPL-2.0
#
# What `cmake --install` puts where: programs, libems with its header and its pkg-config file, papers.
include (GNUInstallDirs)

install (TARGETS ems_tool ems-broker ems-worker ems-shim ems-notify lab-orchestrator
         RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install (TARGETS ems_shared
         LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install (FILES client/ems.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

# It finds the prefix from where it lies itself, so that the whole may be moved, or put below DESTDIR.
set (EMS_PC_FOLDER ${CMAKE_INSTALL_FULL_LIBDIR}/pkgconfig)
file (RELATIVE_PATH EMS_PREFIX_FROM_PC ${EMS_PC_FOLDER} ${CMAKE_INSTALL_PREFIX})
string (REGEX REPLACE "/$" "" EMS_PREFIX_FROM_PC ${EMS_PREFIX_FROM_PC})
configure_file (client/libems.pc.in ${CMAKE_BINARY_DIR}/libems.pc @ONLY)
install (FILES ${CMAKE_BINARY_DIR}/libems.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

install (FILES README.md LICENSE proto/PROTOCOL.md deploy/config/ems.zpl DESTINATION ${CMAKE_INSTALL_DOCDIR})
install (DIRECTORY client/examples DESTINATION ${CMAKE_INSTALL_DOCDIR}
         PATTERN node_modules EXCLUDE PATTERN __pycache__ EXCLUDE)
