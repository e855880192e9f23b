/* cmdtable.c - the commands and the options of `ems`.
 *
 * SPDX-License-Identifier: MPL-2.0 */
#include "cmdline.h"

#define ON(command) (UINT32_C (1) << COMMAND_##command)
#define SUBMITS     (ON (RUN) | ON (RERUN))
#define WATCHES     (SUBMITS | ON (ATTACH) | ON (WAIT))
#define LISTS       (ON (PS) | ON (RESULTS) | ON (WORKERS) | ON (PROFILES))

static const struct command_spec commands[COMMANDS] = {
    [COMMAND_UP] = { "up", "", 0, 0, "start broker and worker on this machine, in the background",
                     "Starts what is not running already and returns when both answer. They belong "
                     "to you\nand keep everything in the state folder. Without --config there is "
                     "one profile, lab." },
    [COMMAND_DOWN] = { "down", "", 0, 0, "stop broker and worker",
                       "A running job goes on, and jobs that wait stay in line; `ems up` finds "
                       "them again.\nWith --cancel all of them are cancelled first." },
    [COMMAND_RUN] = { "run", "[PROFILE] [--PARAMETER VALUE]…", 0, LIMIT_WORDS,
                      "run a job and watch it",
                      "Ctrl-C cancels the job, a second one within 2 s kills it at once; Ctrl-\\ "
                      "detaches\nand the job goes on. In a pipe, the bytes of the log go to stdout "
                      "unchanged; on a\nterminal, control characters are made visible. --json "
                      "prints one JSON object a line.\n\nIf another job is running it ends with "
                      "75. "
                      "With --queue it waits in line, shows its\nplace, and watches the job when "
                      "it "
                      "starts; Ctrl-C leaves the line, Ctrl-\\ detaches\nand the job stays in it. "
                      "--after and --delay wait in line too.\n\nWith --dry-run everything is "
                      "checked, the command is printed as a shell would read it, and\nnothing is "
                      "run.\n\nExit code: 0 completed; the "
                      "program's own if it failed, 128+N if signal N ended it;\n124 stopped at a "
                      "limit: of time, of silence, of its log; 125 lost, or it never ran: "
                      "it\ncould "
                      "not be started, or the job that it waited for did not complete; 130 "
                      "cancelled." },
    [COMMAND_PS] = { "ps", "", 0, 0, "list jobs: the line, what runs, what is over, newest first",
                     "The line is shown with its end first, so that who starts next stands above "
                     "what runs.\nA waiting job shows what it waits for besides its turn: the end "
                     "of "
                     "another job (after)\nor a time (not before). With more jobs than N, those "
                     "that "
                     "start first are shown." },
    [COMMAND_WATCH] = { "watch", "", 0, 0, "watch and steer everything on the full screen",
                        "Shows the workers and what runs on them, the line, the jobs that are "
                        "over, "
                        "and the log\nof one of them, all as it happens. Keys run, cancel, pause, "
                        "move and rerun jobs, search\nlogs and open results; ? lists them. A lost "
                        "connection is shown and comes back by itself.\nQuitting (q, Ctrl-C) "
                        "leaves "
                        "the jobs alone." },
    [COMMAND_SHOW] = { "show", "[JOB]", 0, 1, "show all about a job", "" },
    [COMMAND_LOGS] = { "logs", "[JOB]", 0, 1, "print the log of a job",
                       "In a pipe or file the bytes are exactly those of the log; on a terminal, "
                       "control\ncharacters are made visible. -n counts the lines that --since and "
                       "--grep leave.\nTimes are noted every 100 ms at most; a line came when its "
                       "first byte did, and one\nlonger than 64 KiB counts as several. With --json "
                       "and -t or --grep each line is an\nobject, with -t its time is time_ms." },
    [COMMAND_ATTACH] = { "attach", "[JOB]", 0, 1, "watch a job: its log, then how it ended",
                         "As `run`, for a job that exists. On a terminal it begins with the last "
                         "lines of the\nlog, in a pipe with the first; -n N chooses. Exit code as "
                         "of `run`." },
    [COMMAND_CANCEL] = { "cancel", "JOB", 1, 1, "stop a job and wait until it is dead", "" },
    [COMMAND_WAIT] = { "wait", "[JOB]", 0, 1, "wait until a job is over",
                       "Exit code as of `run`; 75 if --timeout passed." },
    [COMMAND_PAUSE] = { "pause", "JOB", 1, 1, "hold a running job still",
                        "Returns when none of its processes runs. Its time limit stands still, "
                        "too. "
                        "It keeps the\nslot; `ems resume` lets it go on, `ems cancel` ends it." },
    [COMMAND_RESUME] = { "resume", "JOB", 1, 1, "let a paused job go on", "" },
    [COMMAND_PRIORITY] = { "priority", "JOB N", 2, 2, "move a waiting job in the line",
                           "N is from 0 to 31, higher first; 16 is what a job has that asked for "
                           "none." },
    [COMMAND_RERUN] = { "rerun", "JOB", 1, 1, "run a job once more, and watch it",
                        "A new job with the same profile, parameters, notes, labels and priority. "
                        "With --resume it\ngoes on from what a cancelled or failed run left, if "
                        "the "
                        "profile can, and waits in line\nfor it. Keys and exit code as of `run`." },
    [COMMAND_RESULTS] = { "results",
                          "[show [RUN [EXPERIMENT|PATH]] | diff [RUN [RUN]] | open [RUN]]", 0, 3,
                          "list complete runs, newest first; show, compare or find one",
                          "show tells what is in a run: its figures, its files, the tables of its "
                          "summaries; of an\n"
                          "experiment all of its summary; of a file (PATH in the run) its bytes. "
                          "open prints where its\n"
                          "folder is.\n"
                          "\ndiff tells what changed from the first run to the second (to the "
                          "newest; without any, of\n"
                          "the two newest), and ends with 1 if something became worse: a deviation "
                          "by more than 1 %,\n"
                          "more NaN or Inf, a bound that is exceeded now, a time by more than 5 %, "
                          "by more than the\n"
                          "noise in the files, and by more than the reference shows the machine to "
                          "differ. Of files\n"
                          "without `accuracy` or `performance` the numbers are compared, and none "
                          "is better or worse.\n"
                          "66: the two have no JSON file in common.\n"
                          "\nA RUN is its id, the beginning of one, the id of its job, or `last`, "
                          "the newest (the\n"
                          "default). With --partial, what cancelled and failed runs left that can "
                          "be gone on with:\n"
                          "`ems rerun --resume JOB`." },
    [COMMAND_KEEP] = { "keep", "JOB|RUN", 1, 1, "keep a run and its job for good",
                       "Retention and `ems prune` leave it alone until `ems unkeep`." },
    [COMMAND_UNKEEP] = { "unkeep", "JOB|RUN", 1, 1, "take `keep` back", "" },
    [COMMAND_PRUNE] = { "prune", "", 0, 0, "remove what the retention settings give up",
                        "Old results, partial folders, logs and records, as the worker does by "
                        "itself every day\nand after each job. With --dry-run it says what it "
                        "would "
                        "remove, and why." },
    [COMMAND_WORKERS] = { "workers", "", 0, 0, "list workers and what they do", "" },
    [COMMAND_PROFILES] = { "profiles", "", 0, 0, "list what can be run, with parameters", "" },
    [COMMAND_PING] = { "ping", "", 0, 0, "ask whether the broker answers", "" },
    [COMMAND_DOCTOR] = { "doctor", "", 0, 0, "look for what is wrong, and say what to type",
                         "Looks at the way to the broker (endpoint, events, keys), at broker and "
                         "workers\n(versions, clock, disk, cgroups, descriptors, programs, "
                         "profiles) and, where the broker\nis this machine's, at the state folder, "
                         "its locks and the configuration. Changes nothing.\n\nExit code: 0 if "
                         "nothing is wrong (warnings count as nothing), 1 if something is." },
    [COMMAND_KEYGEN] = { "keygen", "NAME", 1, 1, "make keys for a user, a worker or a broker",
                         "Writes NAME.secret, which its owner keeps, and NAME.public, and prints "
                         "the "
                         "lines that\nlet the key in: for the broker's users file, and for workers "
                         "that want signatures.\n--role broker makes the broker's own key, and "
                         "prints its section of the configuration.\n"
                         "Nothing is ever overwritten." },
    [COMMAND_GRANT] = { "grant", "FILE.public [FILE.public]", 1, 2,
                        "print what lets a key in, for the broker's users file",
                        "FILE.public is what `ems keygen` made for that user. Two of them are two "
                        "keys of one\nuser, of which one is to go. --role says what the user may; "
                        "--signer prints the\nline for a worker that wants signatures instead. The "
                        "first line of a users file is `users`;\na new one is made by: (echo "
                        "users; "
                        "ems grant FILE --role ROLE) > users.zpl" },
    [COMMAND_CONTEXT] = { "context", "[list | use NAME | add NAME | remove NAME]", 0, 2,
                          "name brokers, and choose one",
                          "A context is where a broker is and who you are there; it is kept in\n"
                          "~/.config/ems/client.zpl. add takes -e, --server (or --server-key), "
                          "--certificate and,\nwhere the events are not at the port of -e + 3 "
                          "(5570 and 5573), --events.\nWhich one counts: -c NAME, EMS_CONTEXT, "
                          "else the one in use, unless -e, --state or\ntheir variables say where "
                          "the broker is." },
    [COMMAND_RELOAD] = { "reload", "", 0, 0, "let the broker read its users file again", "" },
    [COMMAND_COMPLETION] = { "completion", "SHELL", 1, 1, "print the completion for a shell",
                             "SHELL is bash, zsh or fish. For this shell alone, and for good:\n"
                             "  bash: eval \"$(ems completion bash)\"       the same in ~/.bashrc\n"
                             "  zsh:  eval \"$(ems completion zsh)\"        the same in ~/.zshrc, "
                             "after compinit\n"
                             "  fish: ems completion fish | source        the same in "
                             "~/.config/fish/config.fish" },
    [COMMAND_COMPLETE] = { "complete", "[WORD]…", 0, LIMIT_WORDS,
                           "what the last of these words could be",
                           "The words of a command line without `ems`; for the scripts of `ems "
                           "completion`." },
    [COMMAND_VERSION] = { "version", "", 0, 0, "print the version", "" },
    [COMMAND_HELP] = { "help", "[COMMAND]", 0, 1, "explain a command", "" },
};

static const struct option_spec options[OPTIONS] = {
    [OPTION_ENDPOINT] = { 'e', "endpoint", "ENDPOINT", KIND_TEXT, ALL_COMMANDS, 0, 0,
                          "the broker's clients socket, as ipc:///run/ems/clients" },
    [OPTION_EVENTS] = { 0, "events", "ENDPOINT", KIND_TEXT, ALL_COMMANDS, 0, 0,
                        "its events socket (default: `events` beside `clients`; TCP: port + 3)" },
    [OPTION_STATE] = { 0, "state", "DIR", KIND_PATH, ALL_COMMANDS, 0, 0,
                       "the state folder (default: EMS_STATE or ~/.local/state/ems)" },
    [OPTION_JSON] = { 0, "json", NULL, KIND_FLAG, ALL_COMMANDS, 0, 0, "print JSON" },
    [OPTION_COLOR] = { 0, "color", "WHEN", KIND_COLOR, ALL_COMMANDS, 0, 0,
                       "auto, always or never" },
    [OPTION_HELP] = { 'h', "help", NULL, KIND_FLAG, ALL_COMMANDS, 0, 0, "explain the command" },
    [OPTION_VERSION] = { 'V', "version", NULL, KIND_FLAG, ALL_COMMANDS, 0, 0, "print the version" },
    [OPTION_CONFIG] = { 0, "config", "FILE", KIND_PATH, ON (UP), 0, 0,
                        "configuration of broker and worker" },
    [OPTION_CANCEL] = { 0, "cancel", NULL, KIND_FLAG, ON (DOWN), 0, 0,
                        "cancel what runs and what waits first" },
    [OPTION_PARAM] = { 'p', "param", "NAME=VALUE", KIND_PAIR, ON (RUN), 0, 0,
                       "a parameter, also one that is called like an option" },
    [OPTION_QUEUE] = { 'q', "queue", NULL, KIND_FLAG, SUBMITS, 0, 0,
                       "wait in line if another job is running" },
    [OPTION_PRIORITY] = { 0, "priority", "N", KIND_NUMBER, SUBMITS, 0, LIMIT_PRIORITY,
                          "place in the line, 0 to 31, higher first (default 16)" },
    [OPTION_PREEMPT] = { 0, "preempt", NULL, KIND_FLAG, SUBMITS, 0, 0,
                         "stop a job of lower priority, if the profile may" },
    [OPTION_AFTER] = { 0, "after", "JOB", KIND_TEXT, SUBMITS, 0, 0,
                       "start when that job has completed; fail if it does not" },
    [OPTION_AFTER_ANY] = { 0, "after-any", "JOB", KIND_TEXT, SUBMITS, 0, 0,
                           "start when that job is over, however it ended" },
    [OPTION_DELAY] = { 0, "delay", "D", KIND_DURATION, SUBMITS, 0, LIMIT_TIME_LIMIT_MS,
                       "start no sooner than after so long: 90s 2m 1h" },
    [OPTION_RESUME] = { 0, "resume", NULL, KIND_FLAG, ON (RERUN), 0, 0,
                        "go on from what that run left" },
    [OPTION_TIME_LIMIT] = { 0, "time-limit", "D", KIND_DURATION, SUBMITS, 0, LIMIT_TIME_LIMIT_MS,
                            "stop it after so long: 90s 2m 1h; 0 for never" },
    [OPTION_GRACE] = { 0, "grace", "D", KIND_DURATION, SUBMITS | ON (CANCEL), 0, LIMIT_GRACE_MS,
                       "time to end by itself when cancelled: 2s 1m; 0 kills at once" },
    [OPTION_DETACH] = { 'd', "detach", NULL, KIND_FLAG, SUBMITS, 0, 0,
                        "print the job's id and return" },
    [OPTION_NOTES] = { 0, "notes", "TEXT", KIND_TEXT, SUBMITS, 0, 0, "kept with the job" },
    [OPTION_LABEL] = { 'l', "label", "NAME=VALUE", KIND_PAIR, SUBMITS, 0, 0,
                       "kept with the job; may be repeated" },
    [OPTION_WORKER] = { 'w', "worker", "NAME", KIND_TEXT,
                        ON (RUN) | ON (PING) | ON (PRUNE) | ON (RESULTS), 0, 0,
                        "this worker and no other" },
    [OPTION_FOLLOW] = { 'f', "follow", NULL, KIND_FLAG, ON (LOGS), 0, 0,
                        "go on until the job is over" },
    [OPTION_LINES] = { 'n', "lines", "N", KIND_NUMBER,
                       ON (PS) | ON (LOGS) | ON (ATTACH) | ON (RESULTS), 0, 10000,
                       "only the last N lines, jobs or runs" },
    [OPTION_ALL] = { 'a', "all", NULL, KIND_FLAG, ON (PS) | ON (RESULTS), 0, 0,
                     "all of them; with `results diff`, also what is the same" },
    [OPTION_TIMEOUT] = { 't', "timeout", "D", KIND_DURATION, ON (WAIT), 0, LIMIT_TIME_LIMIT_MS,
                         "give up after so long: 90s 2m 1h" },
    [OPTION_PARTIAL] = { 0, "partial", NULL, KIND_FLAG, ON (RESULTS), 0, 0,
                         "what runs left that did not complete" },
    [OPTION_DRY_RUN] = { 0, "dry-run", NULL, KIND_FLAG, ON (PRUNE) | ON (RUN), 0, 0,
                         "change nothing and start nothing: only say what would happen" },
    [OPTION_SUMMARY] = { 0, "summary", NULL, KIND_FLAG, WATCHES, 0, 0,
                         "at the end the tables of the summaries, also in a pipe (to stderr)" },
    [OPTION_NO_SUMMARY] = { 0, "no-summary", NULL, KIND_FLAG, WATCHES, 0, 0,
                            "not even on a terminal" },
    [OPTION_TOLERANCE] = { 0, "tolerance", "PERCENT", KIND_NUMBER, ON (RESULTS), 0, 1000,
                           "so much worse is no regression (default: times 5, deviations 1)" },
    [OPTION_CONTEXT] = { 'c', "context", "NAME", KIND_TEXT, ALL_COMMANDS, 0, 0,
                         "the broker of that context (see `ems help context`)" },
    [OPTION_ROLE] = { 0, "role", "ROLES", KIND_LIST, ON (KEYGEN) | ON (GRANT), 0, 0,
                      "viewer, operator, admin, worker; several with commas" },
    [OPTION_WORKERS] = { 0, "workers", "NAMES", KIND_LIST, ON (KEYGEN) | ON (GRANT), 0, 0,
                         "a worker's names, with commas (default: NAME)" },
    [OPTION_DIRECTORY] = { 0, "directory", "DIR", KIND_PATH, ON (KEYGEN), 0, 0,
                           "where the two files go (default: here)" },
    [OPTION_SIGNER] = { 0, "signer", NULL, KIND_FLAG, ON (GRANT), 0, 0,
                        "the line for `signers` of a worker" },
    [OPTION_SERVER] = { 0, "server", "FILE", KIND_PATH, ON (CONTEXT), 0, 0,
                        "the broker's NAME.public" },
    [OPTION_SERVER_KEY] = { 0, "server-key", "KEY", KIND_TEXT, ON (CONTEXT), 0, 0,
                            "the public key in it, instead" },
    [OPTION_CERTIFICATE] = { 0, "certificate", "FILE", KIND_PATH, ON (CONTEXT), 0, 0,
                             "your secret key, as `ems keygen` made it" },
    [OPTION_COLUMNS] = { 'o', "columns", "COLUMNS", KIND_LIST, LISTS, 0, 0,
                         "these columns, with commas; +NAME adds one; help lists them" },
    [OPTION_SINCE] = { 0, "since", "WHEN", KIND_TEXT, ON (PS) | ON (RESULTS) | ON (LOGS), 0, 0,
                       "what came since then: 2h (ago), 14:30, 2026-11-23" },
    [OPTION_STATUS] = { 0, "status", "LIST", KIND_LIST, ON (PS) | ON (WORKERS), 0, 0,
                        "only those of such status; several with commas" },
    [OPTION_FILTER] = { 0, "filter", "NAME=VALUE", KIND_PAIR, LISTS, 0, 0,
                        "only where that column is so, as user=ada or label.site=a*" },
    [OPTION_TIMESTAMPS] = { 't', "timestamps", NULL, KIND_FLAG, ON (LOGS), 0, 0,
                            "when each line came, in local time, before it" },
    [OPTION_GREP] = { 0, "grep", "REGEX", KIND_PATH, ON (LOGS), 0, 0,
                      "only lines with that extended regular expression in them" },
};

const struct command_spec *command_spec (enum command command)
{
    return command > COMMAND_NONE && command < COMMANDS ? &commands[command] : NULL;
}

bool command_hidden (enum command command)
{
    return command == COMMAND_COMPLETE;
}

const struct option_spec *option_spec (enum option option)
{
    return &options[option];
}
