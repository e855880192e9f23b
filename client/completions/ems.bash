# bash completion of `ems`. Use: eval "$(ems completion bash)", or install it as
# /usr/share/bash-completion/completions/ems.
# SPDX-License-Identifier: MPL-2.0
#
# The program itself knows what can stand where; see client/core/complete.h for what it answers.

_ems () {
    local IFS=$' \t\n' program=${COMP_WORDS[0]/#\~/$HOME} cur='' how='' line='' settled='' prefix='' parted=''
    local -a words=() values=() texts=()
    local i text rest=${COMP_LINE:0:COMP_POINT}

    # Readline parts words at "=" and ":" too: what touches in the line is one word. What stands
    # after the cursor is not looked at.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        text=${COMP_WORDS[i]}
        [[ $rest == [[:space:]]* ]] && parted=yes || parted=''
        while [[ $rest == [[:space:]]* ]]; do rest=${rest:1}; done
        ((i == COMP_CWORD)) && text=$rest
        if [[ -z $parted && ${#words[@]} -gt 0 ]]; then
            words[-1]+=$text
        elif ((i > 0)); then
            words+=("$text")
        fi
        rest=${rest#"$text"}
    done
    cur=${words[-1]-}
    # Only the last of the parts is replaced, and a sign that parts is none.
    [[ $text == [=:] ]] && text=''
    prefix=${cur%"$text"}

    COMPREPLY=()
    while IFS= read -r line; do
        if [[ -z $how ]]; then
            how=${line%%$'\t'*}
            settled=${line#*$'\t'}
        else
            values+=("${line%%$'\t'*}")
            [[ $line == *$'\t'* ]] && texts+=("${line#*$'\t'}") || texts+=('')
        fi
    done < <(command "$program" complete "${words[@]}" 2>/dev/null </dev/null)

    case $how in
    files) compopt -o default 2>/dev/null; return ;;
    folders) compopt -o dirnames 2>/dev/null; return ;;
    items | open) compopt -o nospace 2>/dev/null ;;
    esac
    compopt -o nosort 2>/dev/null
    for i in "${!values[@]}"; do
        text=${values[i]#"$prefix"}
        # A list that is only shown can say what things are.
        if [[ ${#values[@]} -gt 1 && ${COMP_TYPE-} == 63 && -n ${texts[i]} ]]; then
            text="${values[i]#"$settled"}  (${texts[i]})"
            text=${text:0:${COLUMNS:-80}-2}
        fi
        COMPREPLY+=("$text")
    done
}

complete -F _ems ems
