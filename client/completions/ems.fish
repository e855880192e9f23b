# fish completion of `ems`. Use: ems completion fish | source, or install it as
# /usr/share/fish/vendor_completions.d/ems.fish.
# SPDX-License-Identifier: MPL-2.0
#
# The program itself knows what can stand where; see client/core/complete.h for what it answers.

function __ems_complete
    set -l typed (commandline -opc) (commandline -ct)
    set -l program (string replace -r '^~' $HOME -- $typed[1])
    set -e typed[1]
    set -l answer (command $program complete $typed 2>/dev/null </dev/null)
    set -q answer[1]; or return
    set -l head (string split \t -- $answer[1])
    set -e answer[1]
    switch $head[1]
        case files folders
            set -l rest (string sub -s (math (string length -- "$head[2]") + 1) -- "$typed[-1]")
            if test $head[1] = files
                set answer (__fish_complete_path "$rest")
            else
                set answer (__fish_complete_directories "$rest")
            end
            for line in $answer
                echo -- "$head[2]$line"
            end
            return
        case items
            # Another one may follow: no blank is put after the only one that fits.
            if test (count $answer) -eq 1
                set -l item (string split -m 1 \t -- $answer[1])[1]
                string match -q -- '*all' $item; or set answer $answer "$item,"
            end
    end
    printf '%s\n' $answer
end

complete -c ems -e
complete -c ems -f -k -a '(__ems_complete)'
