/* store.h - the records of all jobs, and the history that leads to them.
 *
 * logs/jobs/<job_id>.json is a record, replaced whole and durably. logs/history has one line
 * per accepted job, written before its record: it lists, finds prefixes and request ids without
 * anything in memory that grows with the number of jobs. A line without a record is a job that was
 * not accepted after all. A record that cannot be read is set aside as *.broken, with a remark.
 * logs/removed has one line for each job that was removed, written before anything of it goes: the
 * last one may be half gone.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_STORE_H
#define EMS_STORE_H

#include "history.h"
#include "measure.h"
#include "record.h"

struct store;

struct store *store_new (int statefd, struct err *err);
void store_destroy (struct store **self_p);

/* Durable when they return 0. */
int store_append (struct store *self, const struct history_entry *entry, struct err *err);
int store_write (struct store *self, const struct record *record, struct err *err);
/* Forget, durably, the record of a job that could not be accepted after all. */
void store_forget (struct store *self, const char *job_id);

/* Removal: note it, durably; from then on it is to be carried out. */
int store_note_removal (struct store *self, const char *job_id, struct err *err);
/* Take away, durably, record and log (with its times, unless a folder stands in their place), in
 * that order. Safe to repeat. */
int store_remove_record (struct store *self, const char *job_id, struct err *err);
int store_remove_log (struct store *self, const char *job_id, struct err *err);
/* Was it removed; which one was the last. 1, 0 (it was not, there is none), -1 with *err. */
int store_removed (const struct store *self, const char *job_id, struct err *err);
int store_last_removed (const struct store *self, char job_id[JOB_ID_BYTES], struct err *err);
/* How large record and log, with its times, are: what is to be measured. */
void store_measure (const struct store *self, const char *job_id, struct measure *out);

bool store_has (const struct store *self, const char *job_id);
/* Was there ever a record of this job, as far as we can tell? One that is broken or cannot be
 * looked at is one. */
bool store_had (const struct store *self, const char *job_id);
/* *out must be init'ed. *bytes (may be NULL): the size of its file. -1 with code 404 if there is
 * none. */
int store_read (struct store *self, const char *job_id, struct record *out, size_t *bytes,
                struct err *err);

/* The history. Indexes count from the oldest, 0. */
int64_t store_count (const struct store *self);
/* 1, 0 if the line is unreadable, -1 with *err. */
int store_entry (const struct store *self, int64_t index, struct history_entry *out,
                 struct err *err);
/* The newest entry below `below` whose job id begins with, or whose request id is, that text: its
 * index, -1 none, -2 with *err. */
int64_t store_search_job (const struct store *self, int64_t below, const char *prefix,
                          struct err *err);
int64_t store_search_request (const struct store *self, int64_t below, const char *request_id,
                              struct err *err);

#endif
