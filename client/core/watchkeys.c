/* watchkeys.c - the keys of `ems watch`.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "watchkeys.h"

#define IN(view)  (1u << VIEW_##view)
#define ABOUT_JOB (IN (JOBS) | IN (LOG) | IN (DETAILS))
#define TEXTS     (IN (LOG) | IN (FILE))
#define SCROLLS   (TEXTS | IN (DETAILS) | IN (HELP))
#define MOVES     (SCROLLS | IN (JOBS) | IN (FILES))
#define LEAVES    (SCROLLS | IN (FILES))

static const struct watch_binding bindings[] = {
    { ACTION_UP, MOVES, { KEY_CODE_UP, 'k' }, "↑ k", "Up k", NULL, "one line up" },
    { ACTION_DOWN, MOVES, { KEY_CODE_DOWN, 'j' }, "↓ j", "Down j", NULL, "one line down" },
    { ACTION_PAGE_UP, MOVES, { KEY_CODE_PAGE_UP, 'b', 2 }, "PgUp b", NULL, NULL, "one page up" },
    { ACTION_PAGE_DOWN,
      MOVES,
      { KEY_CODE_PAGE_DOWN, ' ', 6 },
      "PgDn Space",
      NULL,
      NULL,
      "one page down" },
    { ACTION_HOME, MOVES, { KEY_CODE_HOME, 'g' }, "Home g", NULL, NULL, "to the beginning" },
    { ACTION_END, MOVES, { KEY_CODE_END, 'G' }, "End G", NULL, NULL, "to the end; follow a log" },
    { ACTION_LEFT,
      TEXTS,
      { KEY_CODE_LEFT, 'h' },
      "← h",
      "Left h",
      NULL,
      "long lines: to the left" },
    { ACTION_RIGHT, TEXTS, { KEY_CODE_RIGHT }, "→", "Right", NULL, "long lines: to the right" },
    { ACTION_OPEN,
      IN (JOBS) | IN (FILES),
      { KEY_CODE_ENTER },
      "Enter",
      NULL,
      "Open",
      "open: of a job its log" },
    { ACTION_RUN, IN (JOBS), { 'r' }, "r", NULL, "Run", "run a job: a form with its parameters" },
    { ACTION_CANCEL, ABOUT_JOB, { 'c', 'x' }, "c x", NULL, "Cancel", "cancel the job (asks once)" },
    { ACTION_LOG, IN (JOBS) | IN (DETAILS), { 'l' }, "l", NULL, NULL, "the log of the job" },
    { ACTION_SEARCH,
      TEXTS | IN (JOBS),
      { '/' },
      "/",
      NULL,
      "Search",
      "search a log or file; filter the jobs" },
    { ACTION_NEXT, TEXTS, { 'n' }, "n", NULL, "Next", "the next match: the search goes on" },
    { ACTION_PREVIOUS,
      TEXTS,
      { 'N' },
      "N",
      NULL,
      "Previous",
      "the match before: the search goes back" },
    { ACTION_DETAILS,
      IN (JOBS) | IN (LOG),
      { 'd', 'i' },
      "d i",
      NULL,
      "Details",
      "all about the job" },
    { ACTION_RESULTS, ABOUT_JOB, { 'o' }, "o", NULL, "Results", "open the results of the job" },
    { ACTION_PAUSE, ABOUT_JOB, { 'p' }, "p", NULL, "Pause", "pause the job, or let it go on" },
    { ACTION_RERUN, ABOUT_JOB, { 'R' }, "R", NULL, "Rerun", "run the job once more (asks once)" },
    { ACTION_HIGHER, IN (JOBS), { '+', '=' }, "+", NULL, NULL, "a waiting job: priority up" },
    { ACTION_LOWER, IN (JOBS), { '-' }, "-", NULL, NULL, "a waiting job: priority down" },
    { ACTION_PRIORITY,
      ABOUT_JOB,
      { 'P' },
      "P",
      NULL,
      "Priority",
      "a waiting job: set its priority" },
    { ACTION_BACK,
      LEAVES,
      { KEY_CODE_ESCAPE, 'q', KEY_CODE_ERASE },
      "Esc q",
      NULL,
      "Back",
      "back" },
    { ACTION_HELP, MOVES, { '?', KEY_CODE_F1 }, "?", NULL, "Keys", "all keys" },
    { ACTION_QUIT, IN (JOBS), { 'q' }, "q", NULL, "Quit", "quit; jobs go on (Ctrl-C anywhere)" },
};

const struct watch_binding *watchkeys_at (size_t index)
{
    return index < sizeof bindings / sizeof *bindings ? &bindings[index] : NULL;
}

enum watch_action watchkeys_action (enum watch_view view, int key)
{
    const struct watch_binding *binding;
    for (size_t i = 0; key != 0 && (binding = watchkeys_at (i)) != NULL; i++)
        for (size_t k = 0; (binding->views & (1u << view)) && k < BINDING_KEYS; k++)
            if (binding->keys[k] == key)
                return binding->action;
    return ACTION_NONE;
}
