/* attach.h - what to do with a job whose shim we are not connected to: after a restart of the
 * worker, and when the connection to the shim ends.
 *
 * Pure: the shell gathers the facts and performs the decision.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_ATTACH_H
#define EMS_ATTACH_H

#include <stdbool.h>

struct attach_facts {
    bool record;      /* there is a record that can be read */
    bool terminal;    /* and it says that the job is over */
    bool exit_record; /* exit.json is there */
    bool shim_record; /* shim.json is there: the attempt was begun, never start it again */
    bool shim_alive;  /* the process that shim.json names is alive in this boot */
    bool connected;   /* somebody listens at ctl.sock: a shim is alive */
    bool unsure;      /* what is not said above could not be found out this time */
    bool spec;        /* spec.json can be read */
    bool may_spawn;   /* this is a restart: a job of which nothing ran is to be started */
};

enum attach_act {
    ATTACH_RETRY,       /* not known now: decide nothing, look again */
    ATTACH_DISCARD,     /* never accepted: kill what there is, remove the folder */
    ATTACH_CLEAN,       /* over and on record: remove the folder */
    ATTACH_FINISH,      /* over: put the outcome on record */
    ATTACH_FOLLOW,      /* alive: go on */
    ATTACH_WAIT,        /* the shim is about to end: look again when it is gone */
    ATTACH_LOST,        /* the shim is dead without an outcome: kill what is left */
    ATTACH_SPAWN,       /* nothing ever ran: start it */
    ATTACH_SPAWN_FAILED /* the shim gave up before anything ran */
};

enum attach_act attach_decide (const struct attach_facts *facts);

#endif
