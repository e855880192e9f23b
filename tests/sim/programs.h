/* programs.h - the main functions of the production programs, under names of their own.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef SIM_PROGRAMS_H
#define SIM_PROGRAMS_H

int ems_shim_main (int argc, char **argv);
int ems_worker_main (int argc, char **argv);
int ems_broker_main (int argc, char **argv);

#endif
