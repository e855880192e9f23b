# SPDX-License-Identifier: MPL-2.0
#
# -DEMS_PLANT=NAME: ems-sim with that bug of plants.py in it; the source tree stays as it is.
# planted.py plants them all, one after the other, and has them found.
set (EMS_PLANT "" CACHE STRING "a bug to be planted into ems-sim (tests/sim/plants.py); empty: none")

set_property (DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
              ${CMAKE_CURRENT_SOURCE_DIR}/plants.py)
if (EMS_PLANT)
    set (MUTATED ${CMAKE_CURRENT_BINARY_DIR}/planted_${EMS_PLANT}.c)
    execute_process (COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/planted.py
                             --write ${EMS_PLANT} ${MUTATED}
                     OUTPUT_VARIABLE ORIGINAL OUTPUT_STRIP_TRAILING_WHITESPACE
                     COMMAND_ERROR_IS_FATAL ANY)
    set (ORIGINAL ${PROJECT_SOURCE_DIR}/${ORIGINAL})
    get_filename_component (FOLDER ${ORIGINAL} DIRECTORY)
    # What is in the program itself is taken out of it; what is in an archive is not pulled in.
    set_source_files_properties (${ORIGINAL} PROPERTIES HEADER_FILE_ONLY TRUE)
    add_library (ems_planted OBJECT ${MUTATED})
    target_compile_options (ems_planted PRIVATE -w "SHELL:-iquote \"${FOLDER}\"")
    target_link_libraries (ems_planted PRIVATE ems_sim)
    if (ORIGINAL IN_LIST SIM_CLIENT_CORE)
        target_compile_definitions (ems_planted PRIVATE ask_new=client_ask_new
                                                        ask_destroy=client_ask_destroy)
    endif ()
    target_sources (ems-sim PRIVATE $<TARGET_OBJECTS:ems_planted>)
endif ()

# A checker that catches nothing is worth nothing. (Sanitized, it would take too long.)
if (NOT EMS_PLANT AND NOT EMS_SANITIZE)
    add_test (NAME sim_planted
              COMMAND /usr/bin/python3 -B ${CMAKE_CURRENT_SOURCE_DIR}/planted.py
                      --build ${CMAKE_BINARY_DIR})
    set_tests_properties (sim_planted PROPERTIES LABELS sim COST 100 TIMEOUT 3600)
endif ()
