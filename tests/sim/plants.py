# SPDX-License-Identifier: MPL-2.0
"""Bugs to be planted into EMS, one at a time: a checker that catches nothing is worth nothing.

Each is a name, a source file, a text that must stand there exactly once, what to put in its place,
and the invariants one of which should break. The judge tells the first of those that a history
breaks: a job that is never over breaks I2 before it breaks I12; the history of a worker is also the
list of its jobs, so one without it is lost (I2) before its request makes another (I4).
"""
from collections import namedtuple

Plant = namedtuple("Plant", "name file old new breaks")

FILES = "proto/sys/files.c"
LINEUP = "worker/io/lineup.c"
SHIM = "worker/io/life_shim.c"
RUN = "worker/io/life_run.c"
LOOK = "worker/io/life_look.c"
LINE = "worker/io/life_queue.c"
ORDER = "worker/io/orderfile.c"
FINISH = "worker/io/life_finish.c"
RECOVER = "worker/io/life_recover.c"
WAITING = "worker/io/waiting.c"
COMMANDS = "worker/io/commands.c"
RESULTS = "worker/io/results.c"
ENDING = "worker/core/ending.c"
PUBLISH = "worker/io/publish.c"
LOGS = "worker/io/logs.c"
SUPERVISE = "worker/shim/supervise.c"
END = "worker/shim/finish.c"
REAP = "worker/shim/reap.c"
JOBLOG = "worker/shim/joblog.c"
FOLLOW = "client/core/follow.c"
ATTEMPT = "worker/shim/attempt.c"
LEFTOVERS = "worker/shim/leftovers.c"
TRACES = "worker/shim/traces.c"

PLANTS = (
    # ---- what must be durable is not ----
    Plant("record-not-synced", FILES,
          "if (file_write_all (fd, data, bytes) < 0 || fsync (fd) < 0)",
          "if (file_write_all (fd, data, bytes) < 0)", "I2 I7"),
    Plant("folder-not-synced", FILES,
          "} else if (fsync (parent) < 0) {", "} else if (parent < 0) {", "I2 I7"),
    Plant("record-in-place", FILES,
          'snprintf (temporary, sizeof temporary, ".%s.tmp", base)',
          'snprintf (temporary, sizeof temporary, "%s", base)', "I2 I7"),
    Plant("history-not-synced", LINEUP,
          "file_write_all (self->fd, line, self->width) < 0 || fdatasync (self->fd) < 0",
          "file_write_all (self->fd, line, self->width) < 0", "I2 I4"),
    Plant("results-not-synced", RESULTS,
          "return dir_sync (self->dir, err) < 0 || dir_sync (self->staging, err) < 0 ? -1 : 0;",
          "return 0;", "I8"),
    Plant("log-not-synced", END,
          "sync_log (attempt, log, record);", "(void)sync_log;", "I5"),
    Plant("result-files-not-synced", END,
          "sync_results (attempt, record);", "(void)sync_results;", "I8"),
    Plant("answer-before-write", RUN,
          "return store_write (self->env.store, record, err);",
          "return slot_step (&self->slot, SLOT_EV_RUN, clock_mono_ms ()),\n"
          "           self->env.happened (self->env.arg, LIFE_STARTED),\n"
          "           store_write (self->env.store, record, err);", "I2"),
    Plant("end-not-recorded", FINISH,
          "store_write (self->env.store, &final, err) < 0) {", "false) {", "I2 I7"),
    Plant("start-before-record", SUPERVISE,
          "fork_main (self, err) < 0 || put_shim_record (self, err) < 0 ||\n"
          "        joblog_first_line (&self->log, attempt->spec.argv, err) < 0 ||\n"
          "        launch_go (&self->launch, &attempt->spec, err) < 0) {",
          "fork_main (self, err) < 0 ||\n"
          "        joblog_first_line (&self->log, attempt->spec.argv, err) < 0 ||\n"
          "        launch_go (&self->launch, &attempt->spec, err) < 0 ||\n"
          "        put_shim_record (self, err) < 0) {", "I3 I5"),
    # ---- a request is taken twice ----
    Plant("history-forgotten", RUN,
          "if (store_append (self->env.store, &entry, err) < 0)\n        return -1;\n", "", "I2 I4"),
    Plant("duplicate-forgotten", WAITING,
          "return kind == ASK_RUN && run_on_record (self, call, out);", "return false;", "I4"),
    Plant("answers-forgotten", WAITING,
          "answers_put (self->answers, &answer);", "(void)answer;", "I4"),
    Plant("torn-line-kept", LINEUP,
          "if (st.st_size % (int64_t)width != 0 && "
          "ftruncate (fd, self->count * (int64_t)width) < 0)\n        goto fail;\n", "", "I2 I4"),
    Plant("new-id-on-retry", "client/core/ask.c",
          "    self->sent = self->ever_sent = self->again = true;",
          "    if (self->again)\n"
          "        self->id[31] = self->id[31] == '0' ? '1' : '0';\n"
          "    self->sent = self->ever_sent = self->again = true;", "I4 I10"),
    Plant("broker-forgets-restart", "broker/core/request.c",
          "bool repeated = in->request.again && !owner;", "bool repeated = false;", "I4"),
    Plant("offline-not-waited-for", "broker/core/find.c",
          "(self->repeated || !self->by_request))", "self->repeated)", "I2"),
    Plant("welcome-before-noted", "broker/core/registry.c",
          "if (self->sink.remember (self->sink.arg, bytes, err) == 0)", "(void)bytes;\n    if (true)",
          "I2 I4"),
    Plant("roster-folder-not-synced", "broker/io/rosterfile.c",
          "if (dir_sync (statefd, err) < 0)\n        return -1;\n"
          "    return dir_sync_above (statefd, err);", "return 0;", "I2 I4"),
    Plant("roster-above-not-synced", "broker/io/rosterfile.c",
          "return dir_sync_above (statefd, err);", "return 0;", "I2 I4"),
    # ---- more than one at a time ----
    Plant("two-in-a-slot", "worker/core/slot.c",
          "return self->state != SLOT_IDLE;",
          "return self->state != SLOT_IDLE && self->state != SLOT_RUNNING;", "I1 I2 I4 I12"),
    Plant("leftovers-not-killed", FINISH,
          "if (!self->orphaned && self->unkilled == 0)\n        return 1;",
          "if (self->unkilled == 0)\n        return 1;", "I1"),
    Plant("slot-lock-dropped", ATTEMPT,
          "while ((fd = lock_take (self->statefd, SLOT_LOCK, NULL, err)) < 0) {",
          "while ((fd = openat (self->statefd, SLOT_LOCK, O_RDWR | O_CREAT, 0600)) < 0) {", "I1"),
    Plant("slot-not-awaited", LEFTOVERS,
          "        if (held <= 0)\n            return held < 0 ? -1 : killed;",
          "        if (held <= 1)\n            return held < 0 ? -1 : killed;", "I1"),
    Plant("slot-holders-spared", TRACES,
          "found = st.st_dev == traces->lock_dev && st.st_ino == traces->lock_ino &&",
          "found = false &&", "I1 I2 I12"),
    Plant("stopped-shim-not-woken", SHIM,
          "    wake_shim (self);\n    life_watch (self);\n}\n\nvoid life_watch",
          "    life_watch (self);\n}\n\nvoid life_watch", "I5 I12"),
    Plant("started-again", LOOK,
          "out->facts.shim_record = rc == 0 || err.code != STATUS_UNKNOWN;",
          "out->facts.shim_record = false;", "I3"),
    Plant("cancel-answered-early", COMMANDS,
          "life_cancel (self->env.life, call->user, call->id, grace_ms);",
          "life_cancel (self->env.life, call->user, call->id, grace_ms);\n"
          "        wait_undo (self, call);\n"
          "        reply_job (out, STATUS_OK, life_record (self->env.life));", "I9"),
    # ---- the end of a job ----
    Plant("not-drained", REAP,
          "[REAP_ALL_DEAD] = TO (REAP_DRAINING, DRAIN, OUTCOME_EXITED, 0),",
          "[REAP_ALL_DEAD] = TO (REAP_DONE, NONE, OUTCOME_EXITED, REAP_FINISH),", "I5"),
    Plant("short-write-is-whole", JOBLOG,
          "self->from += (size_t)n;", "self->from += (size_t)(n > 0 ? self->to - self->from : 0);",
          "I5"),
    Plant("first-line-twice", SUPERVISE,
          "fork_main (self, err) < 0 || put_shim_record (self, err) < 0 ||\n"
          "        joblog_first_line (&self->log, attempt->spec.argv, err) < 0 ||\n",
          "joblog_first_line (&self->log, attempt->spec.argv, err) < 0 ||\n"
          "        fork_main (self, err) < 0 || put_shim_record (self, err) < 0 ||\n", "I5"),
    Plant("failed-results-published", ENDING,
          "if (ending_complete (self))\n        return RESULTS_PUBLISHED;",
          "if (self->kind == ENDING_EXITED)\n        return RESULTS_PUBLISHED;", "I8"),
    Plant("staging-not-removed", FINISH,
          "return results_discard (self->env.results, run_id, err) < 0 ? -1 : 1;", "return 1;", "I8"),
    Plant("run-id-twice", RESULTS,
          "    struct results *self = arg;\n    char name[RUN_ID_BYTES];\n",
          "    struct results *self = arg;\n    char name[RUN_ID_BYTES];\n"
          "    if (run_id)\n        return exists (self->staging, run_id);\n", "I2 I8 I12"),
    Plant("over-adopted-again", RECOVER,
          "if (!job_status_terminal (record->status))\n        return found_add (self, record, err);",
          "if (true)\n        return found_add (self, record, err);", "I3 I7"),
    Plant("cancelling-not-recovered", RECOVER,
          "    struct found *more = realloc (self->found,",
          "    if (record->status == JOB_CANCELLING)\n        return 0;\n"
          "    struct found *more = realloc (self->found,", "I2 I12"),
    Plant("record-before-results", FINISH,
          "[FINISH_RESULTS] = results_step, [FINISH_RECORD] = record_step,",
          "[FINISH_RESULTS] = record_step, [FINISH_RECORD] = results_step,", "I8"),
    Plant("staging-swept", RESULTS,
          "if (!run_id_valid (item->d_name) || keep (arg, item->d_name))",
          "(void)keep;\n        (void)arg;\n        if (!run_id_valid (item->d_name))", "I8"),
    # ---- the line ----
    Plant("order-not-synced", ORDER,
          "if (file_write_all (fd, text, strlen (text)) < 0 || fsync (fd) < 0)",
          "if (file_write_all (fd, text, strlen (text)) < 0)", "I2"),
    Plant("queued-before-record", RUN,
          "if (store_write (self->env.store, out, err) == 0)\n        return 0;",
          "(void)store_write (self->env.store, out, err);\n    if (true)\n        return 0;", "I2"),
    Plant("line-not-recovered", RECOVER,
          "if (record->status == JOB_QUEUED)\n        return line_up (self, record, err);",
          "if (record->status == JOB_QUEUED)\n        return 0;", "I2 I12"),
    Plant("preempted-loses-place", LINE,
          ".requeued = record->preemptions > 0,", ".requeued = record->preemptions == 0,",
          "the order of the line"),
    Plant("priority-not-recorded", LINE,
          "out->priority = priority;\n    if (store_write (self->env.store, out, err) < 0)\n"
          "        return -1;\n", "out->priority = priority;\n", "the order of the line"),
    Plant("end-settles-nobody", FINISH,
          "life_settle (self, &self->record);", "(void)life_settle;", "I2 I12"),
    Plant("forerunner-not-asked-for", RECOVER,
          "self->unsettled = self->unsettled || first;", "", "I2 I12"),
    Plant("end-in-line-not-recorded", LINE,
          "|| store_write (self->env.store, record, err) < 0)", ")", "I7"),
    Plant("failure-told-as-cancel", PUBLISH,
          'value_put (map, "job", record_to_value (record)) < 0)',
          'value_put (map, "job", record_to_value (record)) < 0 ||\n'
          '        (record->status == JOB_FAILED &&\n'
          '         value_put_string ((struct value *)value_get (map, "job"), "status", "cancelled") < 0))', "I7"),
    # ---- broker and client ----
    Plant("reply-to-another", "broker/core/pending.c",
          "memcpy (item->route, route.data, route.size);",
          "memcpy (item->route, self->count > 0 ? self->heap[0]->route : route.data, route.size);",
          "I10"),
    Plant("not-repeated", "client/core/ask.c",
          "    self->sent = false;\n    self->due_ms = now_ms;\n}\n\nvoid ask_sent",
          "    self->sent = false;\n    self->due_ms = self->ever_sent ? INT64_MAX : now_ms;\n}\n\n"
          "void ask_sent", "I12"),
    # ---- monitors ----
    Plant("gap-skipped", FOLLOW,
          "        fetch (self, FETCH_TO_TARGET, offset);\n        distrust (self, now_ms);\n"
          "        return FOLLOW_HOLD;\n",
          "        self->position = offset;\n", "I6"),
    Plant("event-repeated", FOLLOW,
          "    if (end <= self->position)\n        return eof ? FOLLOW_TAKE : FOLLOW_DROP;\n"
          "    span->skip = (size_t)(self->position - offset);\n",
          "    if (end <= self->position)\n        return eof ? FOLLOW_TAKE : FOLLOW_DROP;\n"
          "    span->skip = 0;\n", "I6"),
    Plant("over-is-enough", FOLLOW,
          "    if (self->eof)\n        step.want = FOLLOW_DONE;",
          "    if (self->over)\n        step.want = FOLLOW_DONE;", "I6"),
    Plant("offset-lost", PUBLISH,
          'value_put_int (map, "offset", cut->offset) < 0 ||',
          'value_put_int (map, "offset", cut->line > 2 ? cut->offset - 1 : cut->offset) < 0 ||',
          "I6"),
    Plant("eof-too-early", LOGS,
          "wanted->over && end >= size", "end >= size", "I6"),
)
