#compdef ems
# zsh completion of `ems`. Use: eval "$(ems completion zsh)" after compinit, or install it as _ems
# in a folder of $fpath.
# SPDX-License-Identifier: MPL-2.0
#
# The program itself knows what can stand where; see client/core/complete.h for what it answers.

_ems () {
    emulate -L zsh
    setopt extended_glob
    local program=${words[1]/#\~/$HOME} how settled line value text
    local -a answer values shown suffix typed
    local width=0

    typed=("${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}")
    answer=("${(@f)$(command $program complete "${typed[@]}" 2>/dev/null </dev/null)}")
    how=${answer[1]%%$'\t'*}
    settled=${answer[1]#*$'\t'}
    shift answer
    case $how in
    files | folders)
        [[ -n $settled ]] && compset -P "${(b)settled}"
        if [[ $how == files ]]; then _files; else _files -/; fi
        return ;;
    items) suffix=(-S , -q) ;;
    open) suffix=(-S '') ;;
    esac
    for line in "${answer[@]}"; do
        value=${line%%$'\t'*}
        [[ -n $value ]] || continue
        values+=("$value")
        ((${#value} - ${#settled} > width)) && width=$((${#value} - ${#settled}))
    done
    for line in "${answer[@]}"; do
        value=${line%%$'\t'*}
        [[ -n $value ]] || continue
        text=${(r:width:)${value#"$settled"}}
        [[ $line == *$'\t'* ]] && text+="  -- ${line#*$'\t'}"
        shown+=("${text[1,COLUMNS-1]%% #}")
    done
    ((${#values})) || return 1
    compadd -l -V ems "${suffix[@]}" -d shown -- "${values[@]}"
}

if [[ ${funcstack[1]-} == _ems ]]; then
    _ems "$@"
elif (($+functions[compdef])); then
    compdef _ems ems
fi
