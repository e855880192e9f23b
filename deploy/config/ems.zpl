#   EMS: configuration of broker and worker.
#
#   Every key is optional but the profiles. Without a file, ems-worker uses this very text with
#   the lab-orchestrator that lies beside it.
#
#   ems-broker --state DIR --config THIS-FILE
#   ems-worker --state DIR --config THIS-FILE

#   Over TCP, which deploy/README.md sets up step by step:
#broker
#    clients = "tcp://*:5570"
#    workers = "tcp://*:5571"
#    publish = "tcp://*:5572"
#    events = "tcp://*:5573"
#        More places to be reached at, besides the sockets below the state folder.
#    certificate = "/home/ems/broker.secret"
#    users = "/home/ems/users.zpl"
#        Its key, as `ems keygen` makes it, and who may what, as `ems grant` prints it.

worker
#    name = "bench-1"
#        How this worker is called; default: the host's name.
#    workers = "ipc:///var/lib/ems/sock/workers"
#    publish = "ipc:///var/lib/ems/sock/publish"
#        Where the broker is; default: the sockets below the state folder.
#    certificate = "/home/ems/bench-1.secret"
#    server = "/home/ems/broker.public"
#        For tcp:// our key, and the broker's public one (or that alone: server_key = "40 characters").
    cgroup = "auto"
#        auto: each job gets a cgroup v2 of its own where one can be made; none: never.

#   What becomes of jobs that are over: of each that goes, everything goes at once (record, log,
#   results, and what a run left to go on from). Without this section nothing is ever removed. 0: no
#   such limit. `ems prune --dry-run` says what would go, and why.
#retention
#    days = 30
#    keep_last = 50
#        A job stays as long as it is over for less than so many days, or is among the so many
#        that ended last. Where only one of the two is given, it decides alone. Those that completed
#        and those that did not are counted apart: no row of failures pushes out a result.
#    max_bytes = 10737418240
#        What stays takes no more than that together, else what was accepted first goes, whatever
#        `days` and `keep_last` say. Only the last that completed, and the last that did not, stay
#        in any case.
#   What `ems keep` was said of is neither removed nor counted, until `ems unkeep`. What another job
#   still needs is not removed before that is over. It is looked after each job, and once a day.

#   A profile is a program and what may be asked of it. Clients name a profile and give parameters;
#   they never send a command line.
profiles
    lab
#        The bundled astronomy benchmark: ERFA as reference against libnova.
        command = "/usr/bin/lab-orchestrator"
#        One argument per place, no shell. {name} is the value of a parameter (lists are joined
#        with ","); {name?text} is the text where the bool is true. An argument with a place that
#        has nothing to say disappears. {results_dir} and {run_id} are places too; the program also
#        finds them in EMS_RESULTS_DIR and EMS_RUN_ID.
        arguments
            argument = "--experiments={experiments}"
            argument = "--n={n}"
            argument = "--seed={seed}"
            argument = "{no_perf?--no-perf}"
            argument = "--perf-rounds={perf_rounds}"
            argument = "{ci_mode?--ci}"
        parameters
            experiments
                type = "list"
                allowed = "frame_rotation_bpn,gmst_era,equ_ecl,equ_horizontal,solar_position,lunar_position,kepler_solver"
                default = "all"
            n
                type = "int"
                min = 1
                max = 1000000
                default = 1000
            seed
                type = "int"
                min = 0
                max = 9223372036854775807
                default = 42
            no_perf
                type = "bool"
                default = 0
            perf_rounds
                type = "int"
                min = 1
                max = 1000
                default = 5
            ci_mode
                type = "bool"
                default = 0
#        workdir = "/srv/lab"
#            Where it is started; default: the state folder.
        environment = "PATH,HOME,LANG"
#            Names of the worker's environment that the program gets.
        resume = "experiment"
#            What a stopped run has done is kept, and a preempted job or `ems rerun --resume` goes on
#            after it, in the same folder, with EMS_RESUME=1. Default: none.
        grace_ms = 2000
#            Between SIGTERM and SIGKILL when it is stopped. Requests can ask for another one (--grace),
#            up to max_grace_ms; this is for a single experiment, while it runs:
#        grace
#            lunar_position = 30000
#        max_grace_ms = 60000
#        time_limit_ms = 3600000
#            Stopped after so long, pauses not counted: failed (time_limit). Requests can ask for
#            another one (--time-limit), up to max_time_limit_ms, which holds where none is set. A
#            single experiment can have one besides that, from when it said that it runs:
#        time_limit
#            lunar_position = 600000
#        max_time_limit_ms = 86400000
#        silence_limit_ms = 600000
#            Stopped when it wrote nothing for so long: failed (silent).
#        log_limit_bytes = 1073741824
#            Stopped when its log has grown to that: failed (log_limit).
#        memory_limit_bytes = 8589934592
#            Of all its processes together; needs a cgroup with the memory controller.
#        cpus = "0-3,6"
#            The processors that it may use; default: all.
#        nice = 5
#            -20 to 19; default: as the worker.
#        rlimits
#            nofile = 65536
#            core = "unlimited"
#                as core data fsize memlock nofile nproc stack, as `ulimit` has them, soft and hard.
#        preemptible = 0
#            Its jobs are never stopped for others; default 1.
#        max_preemptions = 3
#            No job of it is stopped more often than that; 0: never.
#        may_preempt = 1
#            `ems run --preempt` may stop a job of lower priority for one of its jobs; default 0.
#        Limits are none where there is no key, or 0.
#        user = "bench"
#            As whom it runs, of this machine's users; default: as the worker. Takes a worker that is
#            root. HOME, USER and LOGNAME, where `environment` names them, are that user's. Its results
#            folder is that user's while it runs; of the state folder the user may only pass through to
#            it (mode 711), so every folder above that must let the user pass too.
#        users = "alice,bob"
#            Who may run it, besides having the role for it; default: everybody who has.
#        signed = 0
#            1: only what its user signed, by a key in the section signers.

#   Whose signature counts, for profiles with signed = 1: public keys (Ed25519, 64 hex digits), up to
#   two lines for each user. With them not even a broker in false hands can have anything run.
#signers
#    alice = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"

#   Who is told when a job has ended, and how: any number of targets, up to 16. proto/PROTOCOL.md,
#   section 10, says what they get. Notices wait in <state>/outbox until they are taken; what is
#   given up is in <state>/outbox/failed, with the reason.
#notices
#    ops
#        webhook = "https://hooks.example.org/ems"
#            POST of the record as JSON; http:// is possible too. The worker's environment
#            variables https_proxy, http_proxy and no_proxy hold.
#        secret_file = "/etc/ems/hook.key"
#            Its one line signs what is sent (HMAC-SHA256, header EMS-Signature); closed to others.
#        ca_file = "/etc/ems/ca.pem"
#            Whose certificates are trusted; default: the system's.
#        states = "failed,queue_empty"
#            completed, failed, cancelled, queue_empty; default: the first three.
#        timeout_ms = 10000
#            For one try.
#        give_up_ms = 259200000
#            After the job's end; default: three days.
#    people
#        mail = "smtp://mail.example.org:25"
#            Or smtps://HOST:465. With user or ca_file, only over TLS with a good certificate.
#        from = "ems@bench-1.example.org"
#        to = "ops@example.org,you@example.org"
#        user = "ems"
#        password_file = "/etc/ems/mail.password"
#            Both or none; the file is closed to others.
#    lamp
#        command = "/usr/local/bin/lamp"
#            The record as JSON on its standard input. No shell. Exit code 0: done, 75: again later.
#        arguments
#            argument = "--event"
