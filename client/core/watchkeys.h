/* watchkeys.h - the keys of `ems watch`: one table, from which the help is made too.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#ifndef EMS_WATCHKEYS_H
#define EMS_WATCHKEYS_H

#include <stdbool.h>
#include <stddef.h>

/* A key is the code point of a character, or one of these. */
enum {
    KEY_CODE_TAB = '\t',
    KEY_CODE_ENTER = '\n',
    KEY_CODE_ESCAPE = 27,
    KEY_CODE_ERASE = 127,
    KEY_CODE_CTRL_L = 12,
    KEY_CODE_CTRL_R = 18,
    KEY_CODE_CTRL_U = 21,
    KEY_CODE_UP = 0x110000,
    KEY_CODE_DOWN,
    KEY_CODE_LEFT,
    KEY_CODE_RIGHT,
    KEY_CODE_PAGE_UP,
    KEY_CODE_PAGE_DOWN,
    KEY_CODE_HOME,
    KEY_CODE_END,
    KEY_CODE_DELETE,
    KEY_CODE_BACK_TAB,
    KEY_CODE_F1,
    KEY_CODE_F5,
};

enum watch_view {
    VIEW_JOBS,
    VIEW_LOG,
    VIEW_DETAILS,
    VIEW_FORM,
    VIEW_FILES,
    VIEW_FILE,
    VIEW_HELP,
};

enum watch_action {
    ACTION_NONE,
    ACTION_UP,
    ACTION_DOWN,
    ACTION_PAGE_UP,
    ACTION_PAGE_DOWN,
    ACTION_HOME,
    ACTION_END,
    ACTION_LEFT,
    ACTION_RIGHT,
    ACTION_OPEN,
    ACTION_LOG,
    ACTION_DETAILS,
    ACTION_RESULTS,
    ACTION_RUN,
    ACTION_RERUN,
    ACTION_CANCEL,
    ACTION_PAUSE,
    ACTION_PRIORITY,
    ACTION_HIGHER,
    ACTION_LOWER,
    ACTION_SEARCH,
    ACTION_NEXT,
    ACTION_PREVIOUS,
    ACTION_HELP,
    ACTION_BACK,
    ACTION_QUIT,
};

#define BINDING_KEYS 4

struct watch_binding {
    enum watch_action action;
    unsigned views; /* bit 1 << view for each where it counts */
    int keys[BINDING_KEYS];
    const char *label;       /* the keys for people */
    const char *ascii_label; /* …where arrows cannot be shown; NULL: the same */
    const char *brief;       /* in the line at the bottom; NULL: not there */
    const char *help;
};

/* Walk through the table; NULL at its end. */
const struct watch_binding *watchkeys_at (size_t index);
enum watch_action watchkeys_action (enum watch_view view, int key);

#endif
