# SPDX-License-Identifier: MPL-2.0
#
# The world's sources. Two machines of the client are compiled here, since the broker has
# functions of the same names as one of them: they get names of their own.
set (SIM_CLIENT_CORE ${PROJECT_SOURCE_DIR}/client/core/ask.c
                     ${PROJECT_SOURCE_DIR}/client/core/follow.c)
set (SIM_WORLD client.c fault.c fault_stop.c finale.c monitor.c net.c net_endpoint.c net_flow.c net_frames.c
               net_topics.c seen.c workload.c world.c)
set_source_files_properties (${SIM_CLIENT_CORE} client.c PROPERTIES COMPILE_DEFINITIONS
                             "ask_new=client_ask_new;ask_destroy=client_ask_destroy")
