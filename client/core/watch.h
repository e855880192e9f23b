/* watch.h - `ems watch` as a pure machine: keys, events, answers and the time go in; requests, the
 * job to follow and a screen come out.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_WATCH_H
#define EMS_WATCH_H

#include "canvas.h"
#include "pager.h"
#include "report.h"
#include "runform.h"
#include "watchjobs.h"
#include "watchkeys.h"

#define WATCH_ASKS_MOST   16
#define WATCH_FRAME_MS    200 /* between two pictures while something runs */
#define WATCH_REST_MS     150 /* the job that is chosen is followed when keys rest so long */
#define WATCH_FILES_MOST  1024
#define WATCH_LEAST_ROWS  10
#define WATCH_LEAST_WIDTH 40
#define WATCH_BOTTOM_ROWS 2 /* message or question, keys */

enum watch_purpose {
    PURPOSE_ACTIVE, /* a page of the jobs that are not over */
    PURPOSE_OVER,   /* the newest of those that are */
    PURPOSE_OLDER,  /* …and what comes after them */
    PURPOSE_WORKERS,
    PURPOSE_PROFILES, /* for the form */
    PURPOSE_RUN,      /* the form was sent */
    PURPOSE_CHANGE,   /* of a job: cancel, pause, rerun … */
    PURPOSE_LOG,      /* a piece of the log shown */
    PURPOSE_FILES,
    PURPOSE_FILE, /* a piece of the file shown */
};

struct watch_ask {
    enum watch_purpose purpose;
    const char *type;        /* of the request */
    char worker[NAME_BYTES]; /* "": any */
    struct value *body;      /* owned by whoever took the ask; may be NULL */
    char job_id[JOB_ID_BYTES];
    unsigned serial; /* of the log or file that it is about */
    int64_t asked_ms;
};

struct watch_answer {
    int status; /* 200, 202, or why not */
    const char *error;
    const char *parameter; /* "": none */
    const struct value *body;
};

enum watch_prompt {
    PROMPT_NONE,
    PROMPT_CANCEL,
    PROMPT_KILL, /* it is being cancelled already */
    PROMPT_RERUN,
    PROMPT_PRIORITY,
    PROMPT_SEARCH,
    PROMPT_FILTER,
};

struct watch {
    /* what is known */
    struct watchjobs jobs;
    struct value *workers; /* owned: the list of a reply; NULL: not here yet */
    struct value *active;  /* owned: pages of active jobs, until the last one is here */
    char *older;           /* owned: where the next page of old jobs begins; NULL: there is none */
    bool lost;             /* the connection is */
    bool listed;           /* the first list is here */
    bool line_moved;       /* places in the line are to be asked for */
    unsigned asking;       /* bit 1 << purpose: under way, of those of which one is enough */
    bool look_again;       /* news came while lists were under way */
    /* what is shown */
    enum watch_view view;
    enum watch_view back[8]; /* views behind it */
    size_t depth;
    char selected[JOB_ID_BYTES]; /* "": the first one */
    bool sticks;                 /* somebody chose it; else it is what runs */
    bool to_end;                 /* the list is loaded to its end, which is then selected */
    size_t first;                /* row of the list shown at the top */
    char filter[FORM_TEXT_BYTES];
    struct pager log;
    char log_job[JOB_ID_BYTES];
    unsigned log_serial;
    int64_t rest_ms;  /* until then the log of the selected job is not asked for */
    bool log_failed;  /* it cannot be followed */
    struct sbuf page; /* details, help: lines */
    size_t page_first;
    struct runform form;
    char like[JOB_ID_BYTES]; /* the form begins with what that job had */
    struct value *files;     /* owned: the reply to `files` */
    char files_job[JOB_ID_BYTES];
    char files_run[RUN_ID_BYTES];
    char files_worker[NAME_BYTES];
    size_t files_current;
    size_t files_first;
    struct pager file;
    char file_path[FORM_TEXT_BYTES];
    unsigned file_serial;
    enum watch_prompt prompt;
    char prompt_job[JOB_ID_BYTES];
    char typed[FORM_TEXT_BYTES];
    size_t typed_cursor;
    char message[FORM_TEXT_BYTES];
    enum hue message_hue;
    unsigned message_of; /* bit 1 << purpose: such an answer that is good takes it away; 0: a key */
    int list_rows;       /* of the job list, as drawn last */
    int page_rows;
    bool over; /* quit */
    /* what is asked for */
    struct watch_ask asks[WATCH_ASKS_MOST];
    size_t ask_count;
    /* given */
    const char *endpoint;
    bool utf8;
    struct report how;
    int64_t now_ms; /* monotonic */
};

void watch_init (struct watch *self, const char *endpoint, bool utf8,
                 int64_t (*zone_ms) (int64_t wall_ms));
void watch_free (struct watch *self);

/* The time; before anything else that happens. */
void watch_time (struct watch *self, int64_t mono_ms, int64_t wall_ms);

void watch_key (struct watch *self, int key);
void watch_look (struct watch *self); /* what is known may be old */
void watch_link (struct watch *self, bool lost);
void watch_job (struct watch *self, const struct value *job);
void watch_worker (struct watch *self, const struct value *event);
void watch_log (struct watch *self, const char *job_id, int64_t offset, const char *data,
                size_t bytes);
/* The log of that job cannot be followed. */
void watch_log_failed (struct watch *self, const char *job_id, const char *why);
void watch_answer (struct watch *self, const struct watch_ask *ask,
                   const struct watch_answer *answer);

/* Said about requests that wait: stands until one of them is answered. */
void watch_notice (struct watch *self, const char *text);

/* What is to be asked for: true and *out, which the caller owns. Call until false. */
bool watch_next_ask (struct watch *self, struct watch_ask *out);
/* The job that is to be followed from *offset on; NULL: none. Only one that is not over. */
const struct record *watch_followed (struct watch *self, int64_t *offset);
/* Draw anew after so long even if nothing happens; -1: not by itself. */
int watch_timeout_ms (const struct watch *self);
void watch_draw (struct watch *self, struct canvas *canvas);

/* ---- between the files of watch ---- */

/* Put a request in the line; the body is taken over. NULL: there are too many. */
struct watch_ask *watch_ask_for (struct watch *self, enum watch_purpose purpose, const char *type,
                                 const struct record *job, struct value *body);
void watch_say (struct watch *self, enum hue hue, const char *format, ...)
    __attribute__ ((format (printf, 3, 4)));
/* A message that nobody's key brought about is over when its cause is. */
void watch_unsay (struct watch *self, unsigned purposes);
/* The job that keys are about; NULL: there is none. */
const struct watchjob *watch_selected (const struct watch *self);
/* The same, and from now on that job is meant, wherever it stands. */
const struct watchjob *watch_hold (struct watch *self);
/* Does the filter let it pass? */
bool watch_passes (const struct watch *self, const struct record *job);
/* Choose another one by so many places. */
void watch_select (struct watch *self, int64_t step);
/* The last one that is known; while there are older ones to be loaded, that is told. */
void watch_go_to_end (struct watch *self);
void watch_open_view (struct watch *self, enum watch_view view);
void watch_close_view (struct watch *self);
/* The log of the selected job, at once. */
void watch_open_log (struct watch *self);
/* The pager of the view; NULL: it has none. */
struct pager *watch_pager (struct watch *self);
void watch_prompt_key (struct watch *self, int key);
/* The words of the question, without what is typed. */
void watch_prompt_text (const struct watch *self, struct sbuf *out);
void watch_act (struct watch *self, enum watch_action action);

void watch_draw_jobs (struct watch *self, struct canvas *canvas, int top, int bottom);
void watch_draw_pager (const struct watch *self, const struct pager *pager, struct canvas *canvas,
                       int top, int rows);
void watch_draw_form (struct watch *self, struct canvas *canvas, int top, int bottom);
void watch_draw_files (struct watch *self, struct canvas *canvas, int top, int bottom);
void watch_draw_workers (const struct watch *self, struct canvas *canvas, int top, int rows);
/* A line across, with a title in it. */
void watch_draw_rule (const struct watch *self, struct canvas *canvas, int row, const char *title);

#endif
