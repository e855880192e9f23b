/* cmdjobs.c - jobs on the command line.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "cmdjobs.h"

#include <string.h>

#include "ids.h"

/* "-5", after a command that shows the last lines of something. */
static bool is_lines (enum command command, const char *word)
{
    return word[0] == '-' && word[1] >= '0' && word[1] <= '9' &&
           (option_spec (OPTION_LINES)->commands & (UINT32_C (1) << command)) != 0;
}

/* `option`: what it was given to; OPTIONS: it is an argument. `tail -5` is a habit. */
static int refuse_job (const struct cmdline *line, enum option option, const char *word,
                       struct err *err)
{
    bool given = option != OPTIONS;
    if (!given && is_lines (line->command, word))
        return err_set (err, STATUS_BAD_REQUEST, "`%.64s` is no job; did you mean -n %.63s?", word,
                        word + 1);
    return err_set (err, STATUS_BAD_REQUEST,
                    "%s%s%s`%.64s` is no job; it takes an id (12 digits, 0-9 and a-f) or the "
                    "beginning of one, the id of a run, or last: `ems ps` lists them",
                    given ? "--" : "", given ? option_spec (option)->name : "", given ? ": " : "",
                    word);
}

static bool may_be_job (const char *word)
{
    return strcmp (word, "last") == 0 || job_prefix_valid (word) || run_id_valid (word);
}

int cmdline_check_jobs (const struct cmdline *line, struct err *err)
{
    static const enum option of_options[] = { OPTION_AFTER, OPTION_AFTER_ANY };
    const char *arguments = command_spec (line->command)->arguments;
    bool first = strncmp (arguments, "JOB", 3) == 0 || strncmp (arguments, "[JOB", 4) == 0;
    if (first && line->argument_count > 0 && !may_be_job (line->arguments[0]))
        return refuse_job (line, OPTIONS, line->arguments[0], err);
    for (size_t i = 0; i < 2; i++) {
        const char *word = line->text[of_options[i]];
        if (word && !may_be_job (word))
            return refuse_job (line, of_options[i], word, err);
    }
    return 0;
}
